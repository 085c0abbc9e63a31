/* SPDX-License-Identifier: MIT */
/*
 * Command lines as libvirt writes them (golden/qemu/NAME.args, an argument a line), and what becomes of them
 * (golden/qemu/NAME.txt).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "golden.h"
#include "qemu/qemu_guest.h"
#include "qemu/qemu_options.h"

#define ARGS_MAX 256

static void print_device(const struct vm_config_device *device, FILE *out)
{
	(void)fprintf(out, "device %s id %s slot %u.%u rom %d\n", device->name,
		      device->id ? device->id : "-", device->slot, device->function,
		      (int)device->rom);
}

static void print_devices(const struct vm_config *config, FILE *out)
{
	for (unsigned i = 0; i < config->port_count; i++)
		(void)fprintf(out, "port %s slot %u at %u.%u\n", config->ports[i].id,
			      config->ports[i].slot, config->ports[i].place,
			      config->ports[i].function);
	for (size_t i = 0; i < config->device_count; i++)
		print_device(&config->devices[i], out);
	for (size_t i = 0; i < config->disk_count; i++) {
		const struct vm_config_disk *disk = &config->disks[i];

		(void)fprintf(out, "disk %s id %s slot %u%s%s serial %s\n", disk->path, disk->id,
			      disk->slot, disk->readonly ? " readonly" : "",
			      disk->direct ? " direct" : "", disk->serial ? disk->serial : "-");
	}
	for (size_t i = 0; i < config->net_count; i++) {
		const struct vm_config_net *net = &config->nets[i];

		(void)fprintf(out,
			      "net %s id %s slot %u queues %u %d %d mac %02x:..:%02x vhost %d\n",
			      net->tap, net->id, net->slot, net->queues, net->fds[1],
			      net->vhost_fds[1], net->mac[0], net->mac[5], (int)net->vhost);
	}
	for (size_t i = 0; i < config->controller_count; i++)
		(void)fprintf(out, "controller %s slot %u ports %u\n", config->controllers[i].id,
			      config->controllers[i].slot, config->controllers[i].ports);
	for (size_t i = 0; i < config->console_count; i++) {
		const struct vm_config_console *console = &config->consoles[i];

		(void)fprintf(out, "%s %s id %s port %u of %s label %s where %d %s fd %d\n",
			      console->channel ? "channel" : "console",
			      console->name ? console->name : "-", console->id ? console->id : "-",
			      console->number, console->controller, console->label,
			      (int)console->where, console->path ? console->path : "-",
			      console->fd);
	}
	for (size_t i = 0; i < config->backend_count; i++) {
		const struct vm_config_backend *backend = &config->backends[i];

		(void)fprintf(out, "backend %d %s of %s%s%s\n", (int)backend->kind, backend->name,
			      backend->device ? backend->device : "-", backend->below ? " on " : "",
			      backend->below ? backend->below : "");
	}
	if (config->has_rng)
		(void)fprintf(out, "rng id %s slot %u\n", config->rng.id, config->rng.slot);
}

static void print_guest(const struct qemu_guest *guest, FILE *out)
{
	static const char *const machines[] = {"i440fx", "q35", "none"};
	const struct vm_config *config = &guest->config;

	(void)fprintf(out, "machine %s%s pidfile %s\n", machines[guest->machine],
		      guest->daemonize ? " daemonize" : "", guest->pidfile ? guest->pidfile : "-");
	(void)fprintf(out, "name %s cpus %u in %u,%u,%u memory %llu hugepages %llu node %d\n",
		      config->name ? config->name : "-", config->cpus, config->sockets,
		      config->cores, config->threads, (unsigned long long)config->memory,
		      (unsigned long long)config->hugepages,
		      config->has_numa_node ? (int)config->numa_node : -1);
	(void)fprintf(out, "kernel %s initrd %s cmdline %s\n",
		      config->kernel ? config->kernel : "-", config->initrd ? config->initrd : "-",
		      config->cmdline ? config->cmdline : "-");
	(void)fprintf(out, "serial %d %s control %s iommufd %s backend %d\n", (int)config->serial,
		      config->serial_label ? config->serial_label : "-",
		      config->control ? config->control : "-",
		      config->iommufd ? config->iommufd : "-", (int)config->backend);
	(void)fprintf(out, "paused %d stays %d stop-limit %u on-reboot %d on-panic %d\n",
		      config->paused, config->stays, config->stop_limit, (int)config->on_reboot,
		      (int)config->on_panic);
	for (size_t i = 0; i < config->node_count; i++) {
		const struct vm_config_node *node = &config->nodes[i];

		(void)fprintf(out, "node memory %llu host %d cpus %d%d%d%d distances %u: %u %u\n",
			      (unsigned long long)node->memory,
			      node->has_host_node ? (int)node->host_node : -1,
			      cpu_list_has(&node->cpus, 0), cpu_list_has(&node->cpus, 1),
			      cpu_list_has(&node->cpus, 2), cpu_list_has(&node->cpus, 3),
			      node->distance_count, node->distances[0], node->distances[1]);
	}
	print_devices(config, out);
}

/* Return: how many. The strings are @text's, whose line feeds are gone then. */
static int split(char *text, char **argv)
{
	static char program[] = "tenon-qemu";
	int argc = 0;

	argv[argc++] = program;
	for (char *line = strtok(text, "\n"); line && argc < ARGS_MAX - 1;
	     line = strtok(NULL, "\n"))
		argv[argc++] = line;
	argv[argc] = NULL;
	return argc;
}

static void replay(const char *name)
{
	char file[64], *argv[ARGS_MAX], *printed = NULL, *text;
	struct pt_error err = PT_ERROR_INIT;
	struct qemu_guest guest;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	(void)snprintf(file, sizeof(file), "qemu/%s.args", name);
	text = golden_read(file, &size);
	qemu_guest_init(&guest);
	cr_assert_eq(qemu_guest_parse(split(text, argv), argv, &guest, &err), 0, "%s: %s", name,
		     err.message);
	print_guest(&guest, out);
	(void)fclose(out);
	(void)snprintf(file, sizeof(file), "qemu/%s.txt", name);
	golden_compare(file, printed);
	qemu_guest_done(&guest);
	free(printed);
	free(text);
}

Test(qemu_guest, the_probe)
{
	replay("probe");
}

Test(qemu_guest, a_domain_of_libvirt_9)
{
	replay("plain-9.0");
}

Test(qemu_guest, disk_and_network_of_libvirt_9)
{
	replay("virtio-9.0");
}

Test(qemu_guest, channels_of_libvirt_9)
{
	replay("channels-9.0");
}

Test(qemu_guest, a_device_by_address)
{
	replay("hostdev-9.0");
}

Test(qemu_guest, a_device_by_descriptors)
{
	replay("hostdev-12.8");
}

Test(qemu_guest, root_ports_of_a_schema_s_libvirt)
{
	replay("q35-12.8");
}

Test(qemu_guest, nodes_of_libvirt_9)
{
	replay("numa-9.0");
}

/* What a channel needs before it. */
#define CONTROLLER "-device", "virtio-serial-pci,id=vs,max_ports=4", "-chardev"
#define PTY	   CONTROLLER, "pty,id=c", "-device"

/* What is refused, beside what a guest needs; why; and what the remedy names. */
static const struct {
	const char *args[9];
	const char *message;
	const char *remedy;
} refusals[] = {
	{{"-device", "virtio-balloon-pci,id=balloon0,free-page-reporting=on"},
	 "free-page-reporting=on",
	 "freePageReporting='off'"},
	{{"-device", "qemu-xhci,id=usb"}, "-device: ", "<controller type='usb' model='none'/>"},
	{{"-device", "unheard-of"}, "there is no \"unheard-of\" here", "there are vfio-pci"},
	{{"-device", "vfio-pci,host=0000:02:00.0,x-msix=on"},
	 "-device: vfio-pci: x-msix=on: \"x-msix\" is not known here",
	 "docs/libvirt.md"},
	{{"-device", "vfio-pci,id=hostdev0"}, "it is not said which device", ""},
	{{"-device", "vfio-pci,host=0000:02:00.0,bus=pci.7,addr=0x1"}, "there is no bus pci.7", ""},
	{{"-device", "vfio-pci,host=0000:02:00.0,bus=pci.0,addr=0x20"}, "not a place on a bus", ""},
	{{"-device", "pcie-root-port,id=pci.1,chassis=40,bus=pcie.0,addr=0x1"},
	 "is not 1 to 31",
	 ""},
	{{"-device", "pcie-root-port,id=pci.1,chassis=1,bus=pci.0,addr=0x1"},
	 "bus=pci.0",
	 "pcie-root-port"},
	{{"-machine", "q35", "-device", "vfio-pci,host=0000:02:00.0,bus=pcie.0,addr=0x1"},
	 "none is on pcie.0",
	 "no <address>"},
	{{"-device", "isa-serial,chardev=none"}, "there is no -chardev of this id", ""},
	{{"-chardev", "pty,id=c", "-device", "virtserialport,chardev=c,bus=vs.0"},
	 "no virtio-serial-pci with the bus vs.0",
	 "<controller type='virtio-serial'>"},
	{{PTY, "virtserialport,bus=other.0,nr=1,chardev=c"}, "the bus other.0", ""},
	{{PTY, "virtserialport,bus=vs.0,nr=1"}, "chardev= is missing", ""},
	{{PTY, "virtserialport,bus=vs.0,nr=1,chardev=d"}, "there is no -chardev of this id", ""},
	{{PTY, "virtserialport,bus=vs.0,nr=0,chardev=c"}, "port 0 is a console's", ""},
	{{PTY, "virtserialport,bus=vs.0,nr=4,chardev=c"}, "vs has the ports 0 to 3", ""},
	{{PTY, "virtserialport,bus=vs.0,nr=x,chardev=c"}, "nr=x is no port's number", ""},
	{{PTY, "virtserialport,bus=vs.0,chardev=c,name=a/b"}, "name=a/b", ""},
	{{PTY, "virtconsole,bus=vs.0,chardev=c", "-device", "isa-serial,chardev=c"},
	 "the -chardev is another device's",
	 ""},
	{{CONTROLLER, "pty,id=d", "-chardev", "spicevmc,id=c"},
	 "there is no \"spicevmc\" here",
	 ""},
	{{CONTROLLER, "socket,id=c,path=/s", "-device", "virtserialport,chardev=c"},
	 "not connected to",
	 "mode='bind'"},
	{{CONTROLLER, "socket,id=c,server=on,wait=off", "-device", "virtserialport,chardev=c"},
	 "neither a path nor a descriptor",
	 ""},
	{{CONTROLLER, "socket,id=c,path=/s,server=on,wait=on"}, "wait=on", ""},
	{{CONTROLLER, "socket,id=c,host=::1,server=on"}, "\"host\" is not known here", ""},
	{{"-netdev", "user,id=n0"}, "-netdev: user: networks are tap devices", "<interface"},
	{{"-machine", "microvm"}, "there is no machine type \"microvm\"", "pc-i440fx"},
	{{"-machine", "pc,acpi=off"}, "acpi=off", "<features><acpi/></features>"},
	{{"-machine", "pc,usb=on"}, "usb=on", "<controller type='usb' model='none'/>"},
	{{"-cpu", "Skylake-Server"}, "model=Skylake-Server", "host-passthrough"},
	{{"-cpu", "host,frobnicate=on"},
	 "no feature of processors",
	 "<feature name='frobnicate'/>"},
	{{"-smp", "2,maxcpus=4"}, "processors do not come and go", "<vcpu>2</vcpu>"},
	{{"-smp", "4,dies=2"}, "dies=2", "<topology>"},
	{{"-m", "size=1G,slots=2"}, "slots=2", "<maxMemory>"},
	{{"-m", "lots"}, "\"lots\" is not a size", ""},
	{{"-object", "memory-backend-ram,id=pc.ram,size=1"},
	 "1 bytes, and the guest has",
	 "<memory>"},
	{{"-object", "memory-backend-file,id=pc.ram,size=512M,mem-path=/proc"},
	 "guest memory is a memfd",
	 "memfd"},
	{{"-object", "memory-backend-file,id=pc.ram,size=512M,mem-path=/none/such"},
	 "guest memory is a memfd",
	 "memfd"},
	{{"-object", "memory-backend-file,id=pc.ram,size=512M,mem-path=none"},
	 "mem-path=none: No such file",
	 ""},
	{{"-numa", "node,nodeid=1,cpus=0,memdev=ram"},
	 "nodes are numbered from 0",
	 "<cell id='0'>"},
	{{"-numa", "node,nodeid=0,cpus=0,memdev=ram"}, "memdev=ram is no -object with memory", ""},
	{{"-numa", "dist,src=0,dst=1,val=20"}, "are nodes that are there", ""},
	{{"-no-acpi"}, "-no-acpi: ", "<features><acpi/></features>"},
	{{"-vnc", "127.0.0.1:0"}, "there is no display", "<graphics>"},
	{{"-bios", "x"}, "there is no firmware", "<kernel>"},
	{{"-incoming", "defer"}, "guests do not migrate", "managedsave-remove"},
	{{"-frobnicate"}, "\"-frobnicate\" is not an option", "docs/libvirt.md"},
	{{"word"}, "\"word\" is not an option", ""},
	{{"-kernel"}, "-kernel: no value given", ""},
	{{"-name", "guest=a b"}, "guest=a b", ""},
	{{"-rtc", "base=localtime"}, "base=localtime", "<clock offset='utc'/>"},
	{{"-blockdev", "qcow2,node-name=a,file=b"}, "disks are raw", "type='raw'"},
};

Test(qemu_guest, what_cannot_be_had_is_refused_by_name)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char *argv[12] = {(char[]){"tenon-qemu"}, (char[]){"-kernel"}, (char[]){"/k"}};
		struct pt_error err = PT_ERROR_INIT;
		struct qemu_guest guest;
		int argc = 3;

		for (int j = 0; refusals[i].args[j]; j++)
			argv[argc++] = strdup(refusals[i].args[j]);
		qemu_guest_init(&guest);
		cr_assert_lt(qemu_guest_parse(argc, argv, &guest, &err), 0, "%s %s",
			     refusals[i].args[0], refusals[i].args[1]);
		cr_assert(strstr(err.message, refusals[i].message), "%s", err.message);
		cr_assert(strstr(err.remedy, refusals[i].remedy), "%s: %s", err.message,
			  err.remedy);
		qemu_guest_done(&guest);
		while (argc > 3)
			free(argv[--argc]);
	}
}

Test(qemu_guest, a_guest_has_a_kernel)
{
	char *argv[] = {(char[]){"tenon-qemu"}, NULL};
	struct pt_error err = PT_ERROR_INIT;
	struct qemu_guest guest;

	qemu_guest_init(&guest);
	check_error(qemu_guest_parse(1, argv, &guest, &err), -EINVAL, err, "no kernel to boot");
	qemu_guest_done(&guest);
}

/* The table is what messages and answers are made of. */
Test(qemu_guest, every_row_says_what_it_does)
{
	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		bool group = !row->key && row->style == QEMU_PAIRS;

		cr_assert(group || row->becomes || row->set || row->why, "-%s %s %s", row->option,
			  row->type ? row->type : "", row->key ? row->key : "");
		cr_assert(!row->only || (row->why && row->instead), "-%s %s", row->option,
			  row->key ? row->key : "");
		if (row->type || row->key)
			cr_assert(qemu_row_find(row->option, NULL, NULL), "-%s", row->option);
		if (row->type && row->key)
			cr_assert(qemu_row_find(row->option, row->type, NULL), "-%s %s",
				  row->option, row->type);
		cr_assert_eq(qemu_row_find(row->option, row->type, row->key), row,
			     "-%s %s %s is there twice", row->option, row->type ? row->type : "",
			     row->key ? row->key : "");
	}
}
