/* SPDX-License-Identifier: MIT */
/*
 * struct vm_plan: every decision about a guest, made before anything is touched.
 *
 * plan_make() is pure: the same config and facts give the same plan on any machine. The machine is built from the plan
 * alone; nothing below it sees the config.
 *
 * Guest physical layout (bytes):
 *
 *   0            low RAM, at most 2 GiB
 *   0x8000_0000  window for other memory BARs, to 0xdfff_ffff
 *   0xe000_0000  ECAM, 256 MiB, buses 0 to 255
 *   0xfec0_0000  IOAPIC; 0xfee0_0000 local APICs and MSI; KVM's own pages just below
 *   0x1_0000_0000 high RAM
 *   above it     window for 64-bit prefetchable BARs, 1 GiB-aligned, within the guest's physical width and what the
 *		  devices' IOMMUs can address
 */
#ifndef TENON_PLAN_PLAN_H
#define TENON_PLAN_PLAN_H

#include <passthrough/error.h>
#include <passthrough/function.h>
#include <passthrough/host.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cpu_list.h"
#include "kvm/cpu_feature.h"

struct vm_config;
struct host_facts;

#define PLAN_RAM_MAX	   4
#define PLAN_DEVICES_MAX   31
#define PLAN_PORTS_MAX	   31 /* slots of bus 0, but for the host bridge */
#define PLAN_FUNCTIONS_MAX 8
#define PLAN_NODE_MAX	   1023
#define PLAN_VIRTIO_MAX	   31
#define PLAN_NODES_MAX	   16 /* of the guest */
#define PLAN_PIN_SIZE	   8192

#define PLAN_ID_SIZE 64 /* of a device's id, with the terminator */

#define PLAN_LOW_RAM_END   0x80000000ull
#define PLAN_MMIO32_BASE   0x80000000ull
#define PLAN_MMIO32_END	   0xe0000000ull
#define PLAN_ECAM_BASE	   0xe0000000ull
#define PLAN_ECAM_SIZE	   0x10000000ull
#define PLAN_IOAPIC_BASE   0xfec00000ull
#define PLAN_LAPIC_BASE	   0xfee00000ull
#define PLAN_HIGH_RAM_BASE 0x100000000ull
#define PLAN_IO_BASE	   0x1000u /* window for I/O BARs */
#define PLAN_IO_END	   0x10000u

#define PLAN_SERIAL_PORT 0x3f8u /* 16550, GSI 4 */
#define PLAN_SERIAL_GSI	 4u
#define PLAN_PANIC_PORT	 0x505u /* pvpanic */
#define PLAN_PM_PORT \
	0x600u /* ACPI PM1a event (4), PM1a control (2) at +4, PM timer (4) at +8, GPE0 (2) at +12 */
#define PLAN_SLOTS_PORT 0x610u /* of ACPI slots */
#define PLAN_SCI_GSI	9u
#define PLAN_RESET_PORT 0xcf9u /* reset control register; 0x06 resets */
#define PLAN_INTX_GSI \
	16u /* pin P (0 = INTA#) of slot S of bus 0, and of what is behind its port: 16 + (S + P) % 4 */
#define PLAN_INTX_GSIS 4u
#define PLAN_MSI_GSI   24u /* first GSI for message-signalled interrupts */

/** struct plan_range - an address range; @size in bytes, 0 when there is none */
struct plan_range {
	uint64_t base;
	uint64_t size;
};

/** struct plan_ram - a piece of guest RAM: one memslot, one IOAS mapping */
struct plan_ram {
	uint64_t gpa;
	uint64_t size;
	uint64_t offset; /* in the guest's memfd */
};

/**
 * struct plan_port - a root port on bus 0, and the slot behind it; or, in a guest that is flat, a slot that is on bus 0 itself
 * @id: what the port is called by whoever controls the guest: "pci.3" in slot 3
 * @slot: the slot's physical number
 * @place, @function: its device and function number on bus 0; @multifunction: that device has other ports as well
 * @bus: the bus behind it; 0 for a slot on bus 0
 * @reserve_32bit, @reserve_64bit: what @memory and @prefetch have at least, of a slot that is empty at first; powers of two, 0
 *	for another
 * @node: the guest's NUMA node that is near to what is behind it, -1 for none
 * @io, @memory, @prefetch: windows for the BARs behind it: 4 KiB, 1 MiB and 1 MiB steps; below 64 KiB, below 4 GiB, anywhere
 */
struct plan_port {
	char id[PLAN_ID_SIZE];
	unsigned slot;
	unsigned place;
	unsigned function;
	int multifunction;
	unsigned bus;
	uint64_t reserve_32bit;
	uint64_t reserve_64bit;
	int node;
	struct plan_range io;
	struct plan_range memory;
	struct plan_range prefetch;
};

/* A function's BARs, and at PT_BAR_ROM the address space of its expansion ROM. */
#define PLAN_BARS (PT_BAR_ROM + 1)

/**
 * struct plan_device - one function to pass through
 * @id: what it is called by whoever controls the guest; no other device has it. Empty: the device has left the guest
 * @name: what it is opened by
 * @fd: open descriptor of its node; 0 when it is opened by @name
 * @vf_token: empty for none
 * @backend: how a device that comes while the guest runs is had
 * @group: its IOMMU group
 * @port: index of the port it is behind, in struct vm_plan
 * @function: 0 to PLAN_FUNCTIONS_MAX - 1, of the slot's device
 * @multifunction: the slot's device has other functions as well
 * @root_bus: its slot is on bus 0 itself
 * @gsi: of its interrupt pin, 0 when it has none
 * @rom: what the guest finds as its expansion ROM; with PT_ROM_BYTES, what is in @rom_file
 * @has_gpudirect_clique, @gpudirect_clique, @low_power: see struct pt_function_setup
 * @bars: sizes and kinds as facts said
 * @bar_address: where each BAR is at power-on; 0 for an I/O BAR that found no ports
 */
struct plan_device {
	char id[PLAN_ID_SIZE];
	char name[PT_PATH_SIZE];
	int fd;
	char bdf[PT_NAME_SIZE];
	char vf_token[PT_NAME_SIZE];
	enum pt_backend_kind backend;
	int group;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	unsigned port;
	unsigned function;
	int multifunction;
	int root_bus;
	unsigned irq_pin;
	unsigned gsi;
	enum pt_rom_source rom;
	char rom_file[PT_PATH_SIZE];
	int has_gpudirect_clique;
	unsigned gpudirect_clique;
	int low_power;
	struct pt_host_bar bars[PLAN_BARS];
	uint64_t bar_address[PLAN_BARS];
};

enum plan_virtio_kind {
	PLAN_VIRTIO_RNG,
	PLAN_VIRTIO_DISK,
	PLAN_VIRTIO_NET,
	PLAN_VIRTIO_VSOCK,
	PLAN_VIRTIO_BALLOON,
	PLAN_VIRTIO_CONSOLE,
};

#define PLAN_SERIAL_SIZE 21 /* of a disk's serial number, with the terminator */

/**
 * struct plan_disk - @serial: empty for none; @direct: past the page cache; @queues: one for each CPU, to a limit
 * @fd: open descriptor of what @path names, which goes with the device; 0 when it is to be opened
 */
struct plan_disk {
	char path[PT_PATH_SIZE];
	int fd;
	char serial[PLAN_SERIAL_SIZE];
	int readonly;
	int direct;
	unsigned queues;
};

enum plan_vhost {
	PLAN_VHOST_AUTO, /* where it can be had */
	PLAN_VHOST_ON,
	PLAN_VHOST_OFF,
};

#define PLAN_NET_PAIRS_MAX 16

/**
 * struct plan_net - @tap: a tap device's name, or fd:N; @mtu: 0 when the guest is not told; @pairs: of queues
 * @fds, @vhost_fds: open descriptors, one for each of @pairs, which go with the device; 0 when they are to be opened
 */
struct plan_net {
	char tap[PT_NAME_SIZE];
	int fds[PLAN_NET_PAIRS_MAX];
	int vhost_fds[PLAN_NET_PAIRS_MAX];
	uint8_t mac[6];
	unsigned mtu;
	unsigned pairs;
	enum plan_vhost vhost;
};

enum plan_console_kind {
	PLAN_CONSOLE_PTY,
	PLAN_CONSOLE_STDIO,
	PLAN_CONSOLE_SOCKET,
	PLAN_CONSOLE_FILE, /* is written anew, nothing is read */
	PLAN_CONSOLE_NONE, /* nothing is read, what is written is lost */
};

#define PLAN_CONSOLE_PATH_SIZE	108 /* of a UNIX socket's address */
#define PLAN_CHANNEL_NAME_SIZE	64  /* with the terminator */
#define PLAN_CONSOLE_PORTS_MAX	8   /* of a device */
#define PLAN_CONSOLE_NUMBER_MAX 30  /* of a port */

/**
 * struct plan_console_port - a port, and where it ends on the host
 * @number: the guest's; 0 is a console's. No other port of the device has it
 * @channel: a channel, else a console
 * @id: what its events call it, @label: what its end is called; empty: as the device
 * @name: that the guest finds it by, empty for none
 * @fd: open descriptor of a socket that listens, which goes with the device; 0: it is made at @path
 * @path: of a socket or a file
 */
struct plan_console_port {
	unsigned number;
	int channel;
	char id[PLAN_ID_SIZE];
	char label[PLAN_ID_SIZE];
	char name[PLAN_CHANNEL_NAME_SIZE];
	enum plan_console_kind kind;
	int fd;
	char path[PLAN_CONSOLE_PATH_SIZE];
};

/** struct plan_console - consoles and channels of one device */
struct plan_console {
	unsigned port_count;
	struct plan_console_port ports[PLAN_CONSOLE_PORTS_MAX];
};

/** struct plan_vsock - @cid: the guest's address; @fd: of /dev/vhost-vsock, which goes with the device; 0: it is to be opened */
struct plan_vsock {
	int fd;
	unsigned cid;
};

/**
 * struct plan_virtio - one virtio device, alone behind its port
 * @id: what it is called by whoever controls the guest; no other device has it. Empty: the device has left the guest
 * @slot: its number
 * @port: index of the slot's port, in struct vm_plan
 * @gsi: of INTA#
 * @bar: where its BAR is at power-on: the start of the port's memory window
 * @disk, @net, @vsock, @console: for PLAN_VIRTIO_DISK, PLAN_VIRTIO_NET, PLAN_VIRTIO_VSOCK, PLAN_VIRTIO_CONSOLE
 */
struct plan_virtio {
	enum plan_virtio_kind kind;
	char id[PLAN_ID_SIZE];
	unsigned slot;
	unsigned port;
	unsigned gsi;
	uint64_t bar;
	union {
		struct plan_disk disk;
		struct plan_net net;
		struct plan_vsock vsock;
		struct plan_console console;
	};
};

/** struct plan_addition - a device that comes to a guest that runs: one of the two */
struct plan_addition {
	int is_virtio;
	union {
		struct plan_device device;
		struct plan_virtio virtio;
	};
};

/** enum plan_device_error - what is done when a device reports an error that cannot be corrected */
enum plan_device_error {
	PLAN_DEVICE_ERROR_REPORT,
	PLAN_DEVICE_ERROR_STOP,
	PLAN_DEVICE_ERROR_REMOVE,
};

/** enum plan_host_request - what is done when the host wants a device back */
enum plan_host_request {
	PLAN_HOST_REQUEST_UNPLUG,
	PLAN_HOST_REQUEST_STOP,
	PLAN_HOST_REQUEST_IGNORE,
};

/** enum plan_panic - what is done when the guest's kernel panics */
enum plan_panic {
	PLAN_PANIC_STOP,
	PLAN_PANIC_RESET,
	PLAN_PANIC_REPORT,
	PLAN_PANIC_PAUSE,
};

/** struct plan_topology - @sockets, with @cores each, with @threads each: as many as there are CPUs, numbered in this order */
struct plan_topology {
	unsigned sockets;
	unsigned cores;
	unsigned threads;
};

/** plan_apic_id() - a CPU's: from the top the socket, the core in plan_core_bits(), the thread in plan_thread_bits() */
uint32_t plan_apic_id(const struct plan_topology *topology, unsigned cpu);

unsigned plan_core_bits(const struct plan_topology *topology);
unsigned plan_thread_bits(const struct plan_topology *topology);

/** struct plan_node - a NUMA node; @memory: bytes, after those of the nodes before; @host_node: that they come from, -1 for any */
struct plan_node {
	uint64_t memory;
	struct cpu_list cpus;
	int host_node;
	uint8_t distances[PLAN_NODES_MAX];
};

/** struct vm_plan - one guest, decided; holds no resource, so it can be copied */
struct vm_plan {
	char name[64];
	unsigned cpus;
	struct plan_topology topology;
	signed char cpu_features[CPU_FEATURES]; /* 1 it is there, -1 it is not, 0 as KVM has it */
	char pin[PLAN_PIN_SIZE];		/* see plan_pin() */
	struct cpu_list emulator_cpus; /* of the host, that run what is no vCPU; none for any */
	struct plan_node nodes[PLAN_NODES_MAX];
	unsigned node_count;
	uint64_t memory;	   /* bytes */
	uint64_t hugepages;	   /* bytes of a page that backs RAM, 0 for ordinary ones */
	int numa_node;		   /* that RAM comes from, -1 for any */
	unsigned prefault_threads; /* that make RAM present before the guest runs, 0 for none */
	unsigned phys_bits;
	struct plan_ram ram[PLAN_RAM_MAX];
	unsigned ram_count;
	struct plan_range io_window;
	struct plan_range mmio32_window;
	struct plan_range mmio64_window;
	enum pt_backend_kind backend;
	int backend_asked; /* the guest's file says it: a first device that comes is had so, too */
	int space_fd; /* open descriptor of what devices are attached to; 0 when it is to be opened */
	struct plan_device devices[PLAN_DEVICES_MAX];
	unsigned device_count;
	struct plan_virtio virtio[PLAN_VIRTIO_MAX];
	unsigned virtio_count;
	struct plan_port ports[PLAN_PORTS_MAX]; /* in the order of places, and so of buses */
	unsigned port_count;
	int flat; /* slots are on bus 0 itself, and come and go by ACPI */
	unsigned
		bus_last; /* a guest tries every bus that it is promised, so no more than there are */
	unsigned unplug_limit; /* seconds */
	enum plan_device_error on_device_error;
	enum plan_host_request on_host_request;
	unsigned stop_limit; /* seconds that the guest has to power off; 0: it is not asked */
	int stops_on_reboot; /* a guest that restarts ends */
	int starts_paused;   /* no vCPU runs until it is resumed */
	int stays;	     /* a guest that powered off is there until it is told to end */
	enum plan_panic on_panic;
	int pins_memory;     /* devices will pin all of RAM */
	int peers_wanted;    /* of devices, as soon as there are two */
	int peer_to_peer;    /* devices reach each other's BARs by DMA, where that can be done */
	int peers_reach_all; /* a device whose IOMMU does not give the BAR windows is refused */
	int unsafe_noiommu;  /* no IOMMU stands before the devices: no DMA */
	char kernel[PT_PATH_SIZE];
	char initrd[PT_PATH_SIZE]; /* empty: none */
	char cmdline[2048];
};

/** plan_pin() - the host's CPUs that run a CPU of the guest. Return: false for any, and @ret_cpus is not written. */
bool plan_pin(const struct vm_plan *plan, unsigned cpu, struct cpu_list *ret_cpus);

/**
 * plan_make() - decide
 *
 * Fails with what does not fit and what would: RAM against the memory limits, BARs against the windows, RAM and windows
 * against the reserved ranges and widths of each device's IOMMU. Return: 0 or -errno.
 */
int plan_make(const struct vm_config *config, const struct host_facts *facts,
	      struct vm_plan *ret_plan, struct pt_error *err);

/**
 * plan_hotplug() - decide on one device more, for an empty slot of a guest that runs
 * @plan: as the guest is now; unchanged
 * @config, @facts: of the one device
 * @ret_device: what there is to be of it; its port's slot is empty, but for other functions that the guest has not been told of
 *
 * Pure too. Fails with what is in the way: no slot is empty, or not the one that was asked for; BARs against the slot's
 * windows; RAM against the IOMMU's reserved ranges and width; an id that another device has. Return: 0 or -errno.
 */
int plan_hotplug(const struct vm_plan *plan, const struct vm_config *config,
		 const struct host_facts *facts, struct plan_device *ret_device,
		 struct pt_error *err);

/**
 * plan_hotplug_virtio() - the same for a virtio device
 * @config: of the one device
 */
int plan_hotplug_virtio(const struct vm_plan *plan, const struct vm_config *config,
			struct plan_virtio *ret_virtio, struct pt_error *err);

/** plan_is_without_devices() - whether none is passed through now, so that the next can be had in any way */
int plan_is_without_devices(const struct vm_plan *plan);

/** plan_print() - the plan as stable text, for people and for golden tests */
void plan_print(const struct vm_plan *plan, FILE *out);

#endif
