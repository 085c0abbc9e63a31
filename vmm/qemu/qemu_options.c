/* SPDX-License-Identifier: MIT */
/*
 * Names and values are QEMU's (its manual, "Invocation"); which of them libvirt writes is what there was to be seen of it.
 */
#include "qemu/qemu_options.h"

#include <errno.h>
#include <string.h>

#include "config/balloon_device.h"
#include "config/console_device.h"
#include "config/disk_device.h"
#include "config/net_device.h"
#include "config/passthrough_device.h"
#include "config/rng_device.h"
#include "config/vsock_device.h"
#include "qemu/qemu_setters.h"

/* What a row says of its option: read it as "-OPTION ..." and, with the next two, as "-OPTION TYPE,KEY=". */
#define OPTION(name, ...)                     \
	{                                     \
		.option = (name), __VA_ARGS__ \
	}
#define WORD(name, ...)                                           \
	{                                                         \
		.option = (name), .style = QEMU_WORD, __VA_ARGS__ \
	}
#define FLAG(name, ...)                                           \
	{                                                         \
		.option = (name), .style = QEMU_FLAG, __VA_ARGS__ \
	}
#define TYPE(name, type_, ...)                                 \
	{                                                      \
		.option = (name), .type = (type_), __VA_ARGS__ \
	}
#define KEY(name, type_, key_, ...)                                           \
	{                                                                     \
		.option = (name), .type = (type_), .key = (key_), __VA_ARGS__ \
	}

/* What a row makes of it. */
#define BECOMES(setting)	      .becomes = (setting)
#define SET(function)		      .set = (function)
#define HARMLESS(reason)	      .why = (reason)
#define ONLY(values, reason, element) .only = (values), .why = (reason), .instead = (element)
#define REFUSED(reason, element)      .only = "", .why = (reason), .instead = (element)

/* Each device that has a place on a PCI bus. */
#define PLACED(type)                                                                             \
	KEY("device", type, "id", BECOMES("id")), KEY("device", type, "bus", SET(qemu_set_bus)), \
		KEY("device", type, "addr", SET(qemu_set_addr))

#define BOOTINDEX(type) KEY("device", type, "bootindex", HARMLESS("the kernel is booted directly"))

/* What a driver of virtio's may be told, and the values that are true here. */
#define VIRTIO(type)                                                                       \
	KEY("device", type, "disable-legacy",                                              \
	    ONLY("on", "there is modern virtio only", "model='virtio-non-transitional'")), \
		KEY("device", type, "disable-modern",                                      \
		    ONLY("off", "there is modern virtio only",                             \
			 "model='virtio-non-transitional'")),                              \
		KEY("device", type, "iommu_platform",                                      \
		    ONLY("off", "there is no virtual IOMMU", "<driver iommu='off'/>")),    \
		KEY("device", type, "packed",                                              \
		    ONLY("off", "queues are split ones", "<driver packed='off'/>")),       \
		KEY("device", type, "ats",                                                 \
		    ONLY("off", "there is no virtual IOMMU", "<driver ats='off'/>")),      \
		KEY("device", type, "ioeventfd",                                           \
		    ONLY("on", "it is always on", "<driver ioeventfd='on'/>")),            \
		KEY("device", type, "event_idx",                                           \
		    ONLY("on", "it is always on", "<driver event_idx='on'/>"))

/* Memory; the machine's has the name pc.ram. */
#define MEMORY(type)                                                                              \
	TYPE("object", type, SET(qemu_keep)),                                                     \
		KEY("object", type, "id", HARMLESS("-machine says what it is for")),              \
		KEY("object", type, "size", HARMLESS("-m says it, and it is looked at")),         \
		KEY("object", type, "share", HARMLESS("guest memory is a memfd, and shared")),    \
		KEY("object", type, "seal", HARMLESS("nobody else has the memfd")),               \
		KEY("object", type, "x-use-canonical-path-for-ramblock-id",                       \
		    HARMLESS("it names migration's blocks")),                                     \
		KEY("object", type, "prealloc", SET(qemu_set_prealloc)),                          \
		KEY("object", type, "prealloc-threads", BECOMES("prefault-threads")),             \
		KEY("object", type, "reserve",                                                    \
		    ONLY("on", "memory is reserved", "<memoryBacking>")),                         \
		KEY("object", type, "dump",                                                       \
		    ONLY("off", "guest memory is not in core dumps", "<memory dumpCore='off'>")), \
		KEY("object", type, "merge",                                                      \
		    ONLY("off", "guest memory is shared, and KSM takes no shared pages",          \
			 "<memoryBacking><nosharepages/></memoryBacking>")),                      \
		KEY("object", type, "host-nodes", SET(qemu_set_host_nodes)),                      \
		KEY("object", type, "host-nodes.0", SET(qemu_set_host_nodes)),                    \
		KEY("object", type, "policy",                                                     \
		    ONLY("bind", "memory is bound to one node",                                   \
			 "<numatune><memory mode='strict' nodeset='N'/></numatune>"))

#define DISK(type)                                                                                \
	TYPE("device", type, .device = &disk_kind, SET(qemu_add)), PLACED(type), BOOTINDEX(type), \
		VIRTIO(type), KEY("device", type, "drive", SET(qemu_set_drive)),                  \
		KEY("device", type, "serial", BECOMES("serial")),                                 \
		KEY("device", type, "write-cache",                                                \
		    ONLY("on|auto", "the guest is told of the host's cache",                      \
			 "<disk><driver cache='none'/>")),                                        \
		KEY("device", type, "scsi",                                                       \
		    ONLY("off", "disks take no SCSI commands", "device='disk'")),                 \
		KEY("device", type, "share-rw",                                                   \
		    ONLY("off", "a disk that is written is one guest's",                          \
			 "<disk>, without <shareable/>")),                                        \
		KEY("device", type, "werror",                                                     \
		    ONLY("report", "the guest is told of errors",                                 \
			 "<driver error_policy='report'/>")),                                     \
		KEY("device", type, "rerror",                                                     \
		    ONLY("report", "the guest is told of errors",                                 \
			 "<driver rerror_policy='report'/>"))

#define CARD(type)                                                                               \
	TYPE("device", type, .device = &net_kind, SET(qemu_add)), PLACED(type), BOOTINDEX(type), \
		VIRTIO(type), KEY("device", type, "netdev", SET(qemu_set_netdev)),               \
		KEY("device", type, "mac", BECOMES("mac")),                                      \
		KEY("device", type, "host_mtu", BECOMES("mtu")),                                 \
		KEY("device", type, "mq", HARMLESS("it follows from the descriptors")),          \
		KEY("device", type, "vectors", HARMLESS("each queue has one"))

#define SOCKETS(type)                                                                           \
	TYPE("device", type, .device = &vsock_kind, SET(qemu_add)), PLACED(type), VIRTIO(type), \
		KEY("device", type, "guest-cid", BECOMES("vsock")),                             \
		KEY("device", type, "vhostfd", SET(qemu_set_vsock_fd))

#define RANDOM(type)                                                                          \
	TYPE("device", type, .device = &rng_kind, SET(qemu_add)), PLACED(type), VIRTIO(type), \
		KEY("device", type, "rng", SET(qemu_set_rng))

#define BALLOON(type)                                                                             \
	TYPE("device", type, .device = &balloon_kind, SET(qemu_add)), PLACED(type), VIRTIO(type), \
		KEY("device", type, "deflate-on-oom", HARMLESS("it is never inflated")),          \
		KEY("device", type, "free-page-reporting",                                        \
		    ONLY("off", "memory that devices reach is not given back",                    \
			 "<memballoon freePageReporting='off'>"))

#define PORTS(type)                                                                    \
	TYPE("device", type, .device = &controller_kind, SET(qemu_add)), PLACED(type), \
		VIRTIO(type), KEY("device", type, "max_ports", BECOMES("ports")),      \
		KEY("device", type, "vectors", HARMLESS("each queue has one"))

#define PORT(type, kind)                                                              \
	TYPE("device", type, .device = &(kind), SET(qemu_add_console)),               \
		KEY("device", type, "id", BECOMES("id")),                             \
		KEY("device", type, "bus", SET(qemu_set_bus)),                        \
		KEY("device", type, "nr", HARMLESS("it is asked for with the rest")), \
		KEY("device", type, "chardev", SET(qemu_set_chardev))

#define DEVICE_WITHOUT(type, element) \
	TYPE("device", type, REFUSED("there is no such device", element))

const struct qemu_row qemu_rows[] = {
	/* The guest as a whole */
	OPTION("name", .first = "guest"),
	KEY("name", NULL, "guest", BECOMES("name")),
	KEY("name", NULL, "debug-threads", HARMLESS("threads always have names")),
	OPTION("machine", .first = "type"),
	KEY("machine", NULL, "type", SET(qemu_set_machine)),
	KEY("machine", NULL, "memory-backend", SET(qemu_set_memory_backend)),
	KEY("machine", NULL, "accel", HARMLESS("there is KVM only; a question names what may be")),
	KEY("machine", NULL, "acpi",
	    ONLY("on", "a guest finds everything by ACPI", "<features><acpi/></features>")),
	KEY("machine", NULL, "usb",
	    ONLY("off", "there is no USB controller", "<controller type='usb' model='none'/>")),
	KEY("machine", NULL, "dump-guest-core",
	    ONLY("off", "guest memory is not in core dumps", "<memory dumpCore='off'>")),
	KEY("machine", NULL, "mem-merge",
	    ONLY("off", "KSM takes no shared memory",
		 "<memoryBacking><nosharepages/></memoryBacking>")),
	KEY("machine", NULL, "vmport",
	    ONLY("off", "there is no VMware port", "<features><vmport state='off'/></features>")),
	KEY("machine", NULL, "smm",
	    ONLY("off", "there is no system management mode",
		 "<features><smm state='off'/></features>")),
	KEY("machine", NULL, "hpet",
	    ONLY("off", "there is no HPET", "<timer name='hpet' present='no'/>")),
	KEY("machine", NULL, "graphics",
	    ONLY("off", "there is no display", "<video><model type='none'/></video>")),
	KEY("machine", NULL, "pflash0",
	    REFUSED("there is no firmware; kernels are booted directly",
		    "<os><kernel>, without <loader> and firmware=")),
	OPTION("accel", .first = "accel"),
	KEY("accel", NULL, "accel", ONLY("kvm", "there is KVM only", "<domain type='kvm'>")),
	FLAG("enable-kvm", HARMLESS("there is KVM only")),
	OPTION("cpu", .first = "model"),
	KEY("cpu", NULL, "model",
	    ONLY("host", "the guest has the host's processor", "<cpu mode='host-passthrough'/>")),
	KEY("cpu", NULL, "migratable", HARMLESS("it says what migration needs, and there is none")),
	KEY("cpu", NULL, "*", SET(qemu_set_cpu_feature)),
	OPTION("smp", .first = "cpus"),
	KEY("smp", NULL, "cpus", BECOMES("cpus")),
	KEY("smp", NULL, "maxcpus", SET(qemu_set_maxcpus)),
	KEY("smp", NULL, "sockets", BECOMES("sockets")),
	KEY("smp", NULL, "dies", ONLY("1", "sockets have no dies", "<topology>, without dies=")),
	KEY("smp", NULL, "clusters",
	    ONLY("1", "sockets have no clusters", "<topology>, without clusters=")),
	KEY("smp", NULL, "cores", BECOMES("cores")),
	KEY("smp", NULL, "threads", BECOMES("threads")),
	OPTION("m", .first = "size"),
	KEY("m", NULL, "size", SET(qemu_set_memory)),
	KEY("m", NULL, "slots", REFUSED("memory does not come and go", "no <maxMemory>")),
	KEY("m", NULL, "maxmem", REFUSED("memory does not come and go", "no <maxMemory>")),
	OPTION("overcommit", .first = "mem-lock"),
	KEY("overcommit", NULL, "mem-lock",
	    ONLY("off", "devices pin what they must", "<memoryBacking>, without <locked/>")),
	KEY("overcommit", NULL, "cpu-pm",
	    ONLY("off", "the host's idle states stay the host's",
		 "no <cpu-pm> in <features><kvm>")),
	WORD("uuid", HARMLESS("there is no SMBIOS that would show it to the guest")),
	WORD("kernel", BECOMES("kernel")),
	WORD("initrd", BECOMES("initrd")),
	WORD("append", BECOMES("cmdline")),
	FLAG("S", SET(qemu_set_paused)),
	FLAG("no-shutdown", SET(qemu_set_stays)),
	FLAG("no-reboot", SET(qemu_set_no_reboot)),

	/* What is told to the process */
	FLAG("daemonize", SET(qemu_set_daemonize)),
	WORD("pidfile", SET(qemu_set_pidfile)),
	OPTION("qmp", .first = "address"),
	KEY("qmp", NULL, "address", SET(qemu_set_qmp)),
	KEY("qmp", NULL, "server", ONLY("on", "it listens", "nothing")),
	KEY("qmp", NULL, "wait", ONLY("off", "nobody is waited for", "nothing")),
	OPTION("mon", .first = "chardev"),
	KEY("mon", NULL, "chardev", SET(qemu_set_monitor)),
	KEY("mon", NULL, "id", HARMLESS("nobody asks for a monitor by name")),
	KEY("mon", NULL, "mode", ONLY("control", "there is QMP only", "no <qemu:commandline>")),

	/* What is as it is, or is not there at all */
	FLAG("no-user-config", HARMLESS("no other file is read")),
	FLAG("nodefaults", HARMLESS("there are no devices but those that are named")),
	FLAG("nographic", HARMLESS("there is no display")),
	OPTION("display", .first = "type"),
	KEY("display", NULL, "type", ONLY("none", "there is no display", "no <graphics>")),
	OPTION("vga", .first = "type"),
	KEY("vga", NULL, "type",
	    ONLY("none", "there is no display", "<video><model type='none'/></video>")),
	OPTION("audiodev", .first = "driver"),
	KEY("audiodev", NULL, "driver",
	    ONLY("none", "there is no sound", "<audio type='none'/>, no <sound>")),
	KEY("audiodev", NULL, "id", HARMLESS("nobody asks for it")),
	OPTION("rtc", .first = "base"),
	KEY("rtc", NULL, "base", ONLY("utc", "the clock is in UTC", "<clock offset='utc'/>")),
	KEY("rtc", NULL, "driftfix",
	    HARMLESS("no tick of the clock is lost: it has no periodic interrupt")),
	OPTION("boot", .first = "order"),
	KEY("boot", NULL, "strict", HARMLESS("the kernel is booted directly")),
	KEY("boot", NULL, "menu", ONLY("off", "there is no firmware", "no <bootmenu>")),
	KEY("boot", NULL, "order", HARMLESS("the kernel is booted directly")),
	OPTION("msg", .first = "timestamp"),
	KEY("msg", NULL, "timestamp", HARMLESS("messages go to a log that has its own")),
	OPTION("global"),
	KEY("global", NULL, "kvm-pit.lost_tick_policy",
	    HARMLESS("KVM's own timer is used as KVM has it")),
	KEY("global", NULL, "ICH9-LPC.noreboot", HARMLESS("there is no watchdog")),
	KEY("global", NULL, "ICH9-LPC.disable_s3", HARMLESS("there is no S3")),
	KEY("global", NULL, "ICH9-LPC.disable_s4", HARMLESS("S4 is a power-off here")),
	KEY("global", NULL, "PIIX4_PM.disable_s3", HARMLESS("there is no S3")),
	KEY("global", NULL, "PIIX4_PM.disable_s4", HARMLESS("S4 is a power-off here")),
	FLAG("no-hpet", HARMLESS("there is no HPET")),
	FLAG("no-acpi",
	     REFUSED("a guest finds everything by ACPI", "<features><acpi/></features>")),
	WORD("watchdog-action", HARMLESS("there is no watchdog")),
	WORD("bios", REFUSED("there is no firmware; kernels are booted directly",
			     "<os><kernel>, without <loader> and firmware=")),
	WORD("dtb", REFUSED("there is no device tree", "no <dtb>")),
	WORD("smbios", REFUSED("there is no SMBIOS", "no <smbios> and no <sysinfo>")),
	WORD("fw_cfg", REFUSED("there is no fw_cfg", "no <sysinfo type='fwcfg'>")),
	WORD("vnc", REFUSED("there is no display", "no <graphics>")),
	WORD("spice", REFUSED("there is no display", "no <graphics>")),
	WORD("incoming", REFUSED("guests do not migrate",
				 "start it without a saved state: virsh managedsave-remove")),
	WORD("loadvm", REFUSED("there are no snapshots", "start it without one")),
	WORD("sandbox", HARMLESS("a guest's process has a sandbox of its own in any case")),
	WORD("drive",
	     REFUSED("disks are given by -blockdev", "<disk> with <target bus='virtio'/>")),

	/* What other options name */
	OPTION("object", .first = "qom-type"),
	TYPE("object", "secret", HARMLESS("it is for migration and for encrypted disks")),
	KEY("object", "secret", "*", HARMLESS("it is for migration and for encrypted disks")),
	MEMORY("memory-backend-ram"),
	MEMORY("memory-backend-memfd"),
	KEY("object", "memory-backend-memfd", "hugetlb", HARMLESS("hugetlbsize says it")),
	KEY("object", "memory-backend-memfd", "hugetlbsize", SET(qemu_set_hugepage_size)),
	MEMORY("memory-backend-file"),
	KEY("object", "memory-backend-file", "mem-path", SET(qemu_set_mem_path)),
	KEY("object", "memory-backend-file", "discard-data",
	    HARMLESS("guest memory is a memfd, which nobody has after the guest")),
	TYPE("object", "iommufd", SET(qemu_keep)),
	KEY("object", "iommufd", "id", HARMLESS("a device names it")),
	KEY("object", "iommufd", "fd", SET(qemu_set_space_fd)),
	TYPE("object", "rng-random", SET(qemu_keep)),
	KEY("object", "rng-random", "id", HARMLESS("a device names it")),
	KEY("object", "rng-random", "filename",
	    ONLY("/dev/urandom|/dev/random", "random numbers are the host's",
		 "<rng><backend model='random'>/dev/urandom</backend></rng>")),
	TYPE("object", "rng-builtin", SET(qemu_keep)),
	KEY("object", "rng-builtin", "id", HARMLESS("a device names it")),
	TYPE("object", "iothread",
	     REFUSED("disks have one thread for all",
		     "no <iothreads> and no iothread= of a disk's <driver>")),
	OPTION("numa", .first = "type"),
	TYPE("numa", "node", SET(qemu_add_node)),
	KEY("numa", "node", "nodeid", HARMLESS("it is asked for with the rest")),
	KEY("numa", "node", "cpus", HARMLESS("it is asked for with the rest")),
	KEY("numa", "node", "memdev", HARMLESS("it is asked for with the rest")),
	TYPE("numa", "dist", SET(qemu_add_distance)),
	KEY("numa", "dist", "src", HARMLESS("it is asked for with the rest")),
	KEY("numa", "dist", "dst", HARMLESS("it is asked for with the rest")),
	KEY("numa", "dist", "val", HARMLESS("it is asked for with the rest")),
	TYPE("numa", "hmat-lb",
	     REFUSED("nodes have distances only", "<numa>, without <interconnects>")),
	TYPE("numa", "hmat-cache", REFUSED("nodes have distances only", "<cell>, without <cache>")),
	OPTION("chardev", .first = "backend"),
	TYPE("chardev", "pty", SET(qemu_keep)),
	KEY("chardev", "pty", "id", HARMLESS("a device names it")),
	TYPE("chardev", "null", SET(qemu_keep)),
	KEY("chardev", "null", "id", HARMLESS("a device names it")),
	TYPE("chardev", "stdio", SET(qemu_keep)),
	KEY("chardev", "stdio", "id", HARMLESS("a device names it")),
	TYPE("chardev", "file", SET(qemu_keep)),
	KEY("chardev", "file", "id", HARMLESS("a device names it")),
	KEY("chardev", "file", "path", HARMLESS("the device asks for it")),
	KEY("chardev", "file", "append",
	    ONLY("off", "a file is written anew", "<serial type='file'><source append='off'/>")),
	TYPE("chardev", "socket", SET(qemu_keep)),
	KEY("chardev", "socket", "id", HARMLESS("-mon or a device names it")),
	KEY("chardev", "socket", "fd", HARMLESS("who names it asks for it")),
	KEY("chardev", "socket", "path", HARMLESS("who names it asks for it")),
	KEY("chardev", "socket", "server",
	    ONLY("on", "a socket is listened on, not connected to",
		 "<source mode='bind' path='...'/>")),
	KEY("chardev", "socket", "wait",
	    ONLY("off", "nobody is waited for", "<source mode='bind' path='...'/>")),
	OPTION("netdev", .first = "type"),
	TYPE("netdev", "tap", SET(qemu_keep)),
	KEY("netdev", "tap", "id", HARMLESS("a device names it")),
	KEY("netdev", "tap", "fd", HARMLESS("the device asks for it")),
	KEY("netdev", "tap", "fds", HARMLESS("the device asks for it")),
	KEY("netdev", "tap", "ifname", HARMLESS("the device asks for it")),
	KEY("netdev", "tap", "queues", HARMLESS("the device asks for it")),
	KEY("netdev", "tap", "script", ONLY("no", "tap devices are there", "no <script>")),
	KEY("netdev", "tap", "downscript", ONLY("no", "tap devices are there", "no <downscript>")),
	KEY("netdev", "tap", "vhost",
	    HARMLESS("its descriptors say it, or the device asks for it")),
	KEY("netdev", "tap", "vhostfd", HARMLESS("the device asks for it")),
	KEY("netdev", "tap", "vhostfds", HARMLESS("the device asks for it")),
	TYPE("netdev", "user",
	     REFUSED("networks are tap devices", "<interface type='network'> or 'bridge'")),
	OPTION("blockdev", .first = "driver"),
	TYPE("blockdev", "file", SET(qemu_keep)),
	KEY("blockdev", "file", "*", HARMLESS("the disk asks for it")),
	TYPE("blockdev", "host_device", SET(qemu_keep)),
	KEY("blockdev", "host_device", "*", HARMLESS("the disk asks for it")),
	TYPE("blockdev", "raw", SET(qemu_keep)),
	KEY("blockdev", "raw", "*", HARMLESS("the disk asks for it")),
	TYPE("blockdev", "qcow2",
	     REFUSED("disks are raw",
		     "<disk><driver name='qemu' type='raw'/>, after qemu-img convert -O raw")),

	/* Devices */
	OPTION("device", .first = "driver"),
	TYPE("device", "vfio-pci", .device = &passthrough_kind, SET(qemu_add)),
	PLACED("vfio-pci"),
	BOOTINDEX("vfio-pci"),
	KEY("device", "vfio-pci", "host", BECOMES("passthrough")),
	KEY("device", "vfio-pci", "sysfsdev", BECOMES("passthrough")),
	KEY("device", "vfio-pci", "iommufd", SET(qemu_set_iommufd)),
	KEY("device", "vfio-pci", "fd", SET(qemu_set_fd)),
	KEY("device", "vfio-pci", "multifunction",
	    HARMLESS("it follows from the functions that are there")),
	KEY("device", "vfio-pci", "romfile", BECOMES("rom")),
	KEY("device", "vfio-pci", "rombar", SET(qemu_set_rombar)),
	KEY("device", "vfio-pci", "vf-token", BECOMES("vf-token")),
	KEY("device", "vfio-pci", "display", ONLY("off", "there is no display", "display='off'")),
	KEY("device", "vfio-pci", "ramfb", ONLY("off", "there is no display", "ramfb='off'")),
	DISK("virtio-blk-pci"),
	DISK("virtio-blk-pci-non-transitional"),
	CARD("virtio-net-pci"),
	CARD("virtio-net-pci-non-transitional"),
	SOCKETS("vhost-vsock-pci"),
	SOCKETS("vhost-vsock-pci-non-transitional"),
	RANDOM("virtio-rng-pci"),
	RANDOM("virtio-rng-pci-non-transitional"),
	BALLOON("virtio-balloon-pci"),
	BALLOON("virtio-balloon-pci-non-transitional"),
	PORTS("virtio-serial-pci"),
	PORTS("virtio-serial-pci-non-transitional"),
	PORT("virtconsole", console_kind),
	PORT("virtserialport", channel_kind),
	KEY("device", "virtserialport", "name", BECOMES("channel")),
	TYPE("device", "pcie-root-port", SET(qemu_add_port)),
	KEY("device", "pcie-root-port", "id", HARMLESS("it is asked for with the rest")),
	KEY("device", "pcie-root-port", "bus",
	    ONLY("pcie.0", "root ports are on the root bus",
		 "<controller model='pcie-root-port'> with <address bus='0x00'>")),
	KEY("device", "pcie-root-port", "addr", SET(qemu_set_addr)),
	KEY("device", "pcie-root-port", "chassis", HARMLESS("it is asked for with the rest")),
	KEY("device", "pcie-root-port", "port", HARMLESS("the slot has the number of its chassis")),
	KEY("device", "pcie-root-port", "multifunction",
	    HARMLESS("it follows from the functions that are there")),
	KEY("device", "pcie-root-port", "hotplug",
	    ONLY("on", "what is behind a root port can come and go", "<target hotplug='on'/>")),
	TYPE("device", "isa-serial"),
	KEY("device", "isa-serial", "chardev", SET(qemu_set_serial)),
	KEY("device", "isa-serial", "id", HARMLESS("there is one serial line, serial0")),
	KEY("device", "isa-serial", "index",
	    ONLY("0", "there is one serial line, COM1", "one <serial> only")),
	TYPE("device", "pvpanic", HARMLESS("the guest has it always")),
	KEY("device", "pvpanic", "ioport",
	    ONLY("1285|0x505", "its port is fixed", "<panic model='isa'/>, without <address>")),
	KEY("device", "pvpanic", "id", HARMLESS("nobody asks for it")),
	DEVICE_WITHOUT("qemu-xhci", "<controller type='usb' model='none'/>"),
	DEVICE_WITHOUT("piix3-usb-uhci", "<controller type='usb' model='none'/>"),
	DEVICE_WITHOUT("ich9-usb-ehci1", "<controller type='usb' model='none'/>"),
	DEVICE_WITHOUT("usb-tablet", "no <input type='tablet' bus='usb'/>"),
	DEVICE_WITHOUT("virtio-scsi-pci",
		       "<disk> with <target bus='virtio'/>, no <controller type='scsi'>"),
	DEVICE_WITHOUT("ide-hd", "<disk> with <target bus='virtio'/>"),
	DEVICE_WITHOUT("ide-cd", "no <disk device='cdrom'>"),
	DEVICE_WITHOUT("e1000", "<interface> with <model type='virtio'/>"),
	DEVICE_WITHOUT("e1000e", "<interface> with <model type='virtio'/>"),
	DEVICE_WITHOUT("rtl8139", "<interface> with <model type='virtio'/>"),
	DEVICE_WITHOUT("VGA", "<video><model type='none'/></video>"),
	DEVICE_WITHOUT("qxl-vga", "<video><model type='none'/></video>"),
	DEVICE_WITHOUT("cirrus-vga", "<video><model type='none'/></video>"),
	DEVICE_WITHOUT("virtio-vga", "<video><model type='none'/></video>"),
	DEVICE_WITHOUT("i6300esb", "no <watchdog>"),
	DEVICE_WITHOUT("pcie-pci-bridge", "no <controller model='pcie-to-pci-bridge'>"),
	DEVICE_WITHOUT("x3130-upstream", "no <controller model='pcie-switch-upstream-port'>"),
	DEVICE_WITHOUT("pxb-pcie", "no <controller model='pcie-expander-bus'>"),
	DEVICE_WITHOUT("pci-bridge", "devices on the root bus, no <controller model='pci-bridge'>"),
	{0},
};

const struct qemu_row *qemu_row_find(const char *option, const char *type, const char *key)
{
	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (strcmp(row->option, option) != 0)
			continue;
		if (!row->type != !type || (type && strcmp(row->type, type) != 0))
			continue;
		if (!row->key != !key)
			continue;
		if (!key || strcmp(row->key, key) == 0 || strcmp(row->key, "*") == 0)
			return row;
	}
	return NULL;
}

bool qemu_row_refused(const struct qemu_row *row)
{
	return row->only && !*row->only;
}

/* Whether @text is one of the words in @only, which '|' parts. */
static bool listed(const char *only, const char *text)
{
	size_t size = strlen(text);

	for (const char *word = only; *word;) {
		size_t length = strcspn(word, "|");

		if (length == size && strncmp(word, text, size) == 0)
			return true;
		word += length + (word[length] == '|');
	}
	return false;
}

int qemu_row_allows(const struct qemu_row *row, const char *value, struct pt_error *err)
{
	if (!row->only || listed(row->only, value))
		return 0;
	return pt_error_remedy(err, pt_error_set(err, -EOPNOTSUPP, "%s", row->why),
			       "in the domain's XML: %s", row->instead);
}
