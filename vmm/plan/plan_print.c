/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/size.h"
#include "plan/plan_steps.h"

#define REGIONS_MAX (PLAN_RAM_MAX + 6)
#define KVM_BASE \
	UINT64_C(0xfec00000) /* IOAPIC, local APICs, and KVM's own pages between and above */
#define KVM_SIZE UINT64_C(0x01400000)

struct region {
	struct plan_range range;
	const char *what;
};

/* It is given to KVM first, so its slots are the first. */
static const char *const ram_names[PLAN_RAM_MAX] = {
	"memory, memslot 0",
	"memory, memslot 1",
	"memory, memslot 2",
	"memory, memslot 3",
};

static int by_base(const void *a, const void *b)
{
	const struct region *left = a, *right = b;

	return left->range.base < right->range.base ? -1 : left->range.base > right->range.base;
}

static size_t collect(const struct vm_plan *plan, struct region *regions)
{
	size_t count = 0;

	for (unsigned i = 0; i < plan->ram_count; i++)
		regions[count++] =
			(struct region){{plan->ram[i].gpa, plan->ram[i].size}, ram_names[i]};
	regions[count++] = (struct region){plan->mmio32_window, "window for other memory BARs"};
	regions[count++] =
		(struct region){{PLAN_ECAM_BASE, PLAN_ECAM_SIZE}, "PCI configuration space (ECAM)"};
	regions[count++] = (struct region){{KVM_BASE, KVM_SIZE}, "IOAPIC, local APICs, MSI"};
	if (plan->mmio64_window.size)
		regions[count++] =
			(struct region){plan->mmio64_window, "window for 64-bit prefetchable BARs"};
	qsort(regions, count, sizeof(regions[0]), by_base);
	return count;
}

static void print_region(const struct plan_range *range, const char *what, FILE *out)
{
	char size[SIZE_TEXT_SIZE];

	(void)fprintf(out, "  0x%013" PRIx64 "-0x%013" PRIx64 "  %9s  %s\n", range->base,
		      range->base + range->size - 1, size_text(range->size, size), what);
}

static void print_addresses(const struct vm_plan *plan, FILE *out)
{
	struct region regions[REGIONS_MAX];
	size_t count = collect(plan, regions);
	uint64_t next = 0;

	(void)fprintf(out, "addresses, %u bits:\n", plan->phys_bits);
	for (size_t i = 0; i < count; i++) {
		const struct plan_range *range = &regions[i].range;
		struct plan_range hole = {.base = next, .size = range->base - next};

		if (hole.size)
			print_region(&hole, "hole", out);
		print_region(range, regions[i].what, out);
		next = range->base + range->size;
	}
	(void)fprintf(out, "ports:\n  0x%04" PRIx64 "-0x%04" PRIx64 "  window for I/O BARs\n",
		      plan->io_window.base, plan->io_window.base + plan->io_window.size - 1);
}

static void print_interrupts(FILE *out)
{
	(void)fprintf(
		out,
		"interrupts:\n  GSI %u: serial line; %u: ACPI; %u-%u: INTA# to INTD#; from %u: MSI "
		"and MSI-X\n",
		PLAN_SERIAL_GSI, PLAN_SCI_GSI, PLAN_INTX_GSI, PLAN_INTX_GSI + PLAN_INTX_GSIS - 1,
		PLAN_MSI_GSI);
}

static void print_bar(const struct plan_device *device, unsigned index, FILE *out)
{
	const struct pt_host_bar *bar = &device->bars[index];
	uint64_t address = device->bar_address[index];
	char size[SIZE_TEXT_SIZE];

	(void)size_text(bar->size, size);
	(void)fprintf(out, "      %s: ", bar_name(index));
	if (bar->io && !address)
		(void)fprintf(out, "nowhere, %s, ports: none are left\n", size);
	else if (bar->io)
		(void)fprintf(out, "0x%04" PRIx64 "-0x%04" PRIx64 ", %s, ports\n", address,
			      address + bar->size - 1, size);
	else
		(void)fprintf(out, "0x%013" PRIx64 "-0x%013" PRIx64 ", %s, %s-bit%s\n", address,
			      address + bar->size - 1, size, bar->is_64bit ? "64" : "32",
			      bar->prefetchable ? ", prefetchable" : "");
}

/* Behind a root port there is device 0 alone. */
static unsigned number_at(const struct plan_port *port)
{
	return port->bus ? 0 : port->place;
}

static void print_device(const struct plan_device *device, const struct plan_port *port, FILE *out)
{
	(void)fprintf(out, "    %02x:%02x.%u: %s, %s [%04x:%04x], class %06x\n", port->bus,
		      number_at(port), device->function, device->id, device->bdf, device->vendor,
		      device->device, device->class_code);
	if (strcmp(device->name, device->bdf) != 0)
		(void)fprintf(out, "      opened as: %s\n", device->name);
	if (device->fd)
		(void)fprintf(out, "      handed in as descriptor %d\n", device->fd);
	if (device->vf_token[0])
		(void)fprintf(out, "      VF token: given\n");
	for (unsigned i = 0; i < PLAN_BARS; i++) {
		if (device->bars[i].size)
			print_bar(device, i, out);
	}
	if (device->rom == PT_ROM_BYTES)
		(void)fprintf(out, "        from %s\n", device->rom_file);
	if (device->has_gpudirect_clique)
		(void)fprintf(out, "      GPUDirect clique: %u\n", device->gpudirect_clique);
	if (device->low_power)
		(void)fprintf(out, "      low power while it sleeps\n");
	if (device->irq_pin)
		(void)fprintf(out, "      INT%c#: GSI %u\n", (int)('A' + device->irq_pin - 1),
			      device->gsi);
}

static void print_window(const struct plan_range *range, int digits, const char *what, FILE *out)
{
	if (range->size)
		(void)fprintf(out, "    window: 0x%0*" PRIx64 "-0x%0*" PRIx64 ", %s\n", digits,
			      range->base, digits, range->base + range->size - 1, what);
}

static void print_console_port(const struct plan_console_port *port, FILE *out)
{
	static const char *const ends[] = {
		[PLAN_CONSOLE_PTY] = "a pseudo terminal",
		[PLAN_CONSOLE_STDIO] = "standard input and output",
		[PLAN_CONSOLE_SOCKET] = "a socket that was handed in",
		[PLAN_CONSOLE_FILE] = "a file",
		[PLAN_CONSOLE_NONE] = "nowhere",
	};

	(void)fprintf(out, "      port %u: %s%s%s, %s\n", port->number,
		      port->channel ? "channel" : "console", port->name[0] ? " " : "", port->name,
		      port->path[0] ? port->path : ends[port->kind]);
}

static void print_virtio(const struct plan_virtio *virtio, const struct plan_port *port, FILE *out)
{
	static const char *const vhost[] = {
		[PLAN_VHOST_AUTO] = "by vhost-net if it is there",
		[PLAN_VHOST_ON] = "by vhost-net",
		[PLAN_VHOST_OFF] = "without vhost-net",
	};
	const struct plan_disk *disk = &virtio->disk;
	const struct plan_net *net = &virtio->net;

	(void)fprintf(out, "    %02x:%02x.0: %s, virtio-", port->bus, number_at(port), virtio->id);
	switch (virtio->kind) {
	case PLAN_VIRTIO_CONSOLE:
		(void)fprintf(out, "console\n");
		for (unsigned i = 0; i < virtio->console.port_count; i++)
			print_console_port(&virtio->console.ports[i], out);
		break;
	case PLAN_VIRTIO_VSOCK:
		(void)fprintf(out, "vsock, address %u\n", virtio->vsock.cid);
		break;
	case PLAN_VIRTIO_BALLOON:
		(void)fprintf(out, "balloon, never inflated\n");
		break;
	case PLAN_VIRTIO_RNG:
		(void)fprintf(out, "rng\n");
		break;
	case PLAN_VIRTIO_DISK:
		(void)fprintf(out, "blk, %u queue%s, %s%s%s\n", disk->queues,
			      disk->queues == 1 ? "" : "s", disk->path,
			      disk->readonly ? ", read only" : "",
			      disk->direct ? ", past the page cache" : "");
		break;
	case PLAN_VIRTIO_NET:
		(void)fprintf(out, "net, %u pair%s of queues, %s, %s\n", net->pairs,
			      net->pairs == 1 ? "" : "s", net->tap, vhost[net->vhost]);
		(void)fprintf(out, "      MAC address: %02x:%02x:%02x:%02x:%02x:%02x\n",
			      net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4],
			      net->mac[5]);
		break;
	}
	(void)fprintf(out, "      BAR 0: 0x%013" PRIx64 ", 32-bit\n      INTA#: GSI %u\n",
		      virtio->bar, virtio->gsi);
}

static void print_port(const struct vm_plan *plan, unsigned index, FILE *out)
{
	const struct plan_port *port = &plan->ports[index];

	if (plan->flat)
		(void)fprintf(out, "  slot %u: on bus 00%s", port->slot,
			      port->reserve_32bit ? ", empty" : "");
	else
		(void)fprintf(out, "  slot %u: root port 00:%02x.%u, bus %02x%s", port->slot,
			      port->place, port->function, port->bus,
			      port->reserve_32bit ? ", empty" : "");
	if (port->node >= 0)
		(void)fprintf(out, ", near NUMA node %d", port->node);
	(void)fprintf(out, "\n");
	if (port->bus) {
		print_window(&port->io, 4, "ports", out);
		print_window(&port->memory, 13, "memory", out);
		print_window(&port->prefetch, 13, "prefetchable", out);
	}
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		for (unsigned j = 0; j < plan->device_count; j++) {
			if (plan->devices[j].port == index && plan->devices[j].function == i)
				print_device(&plan->devices[j], port, out);
		}
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].port == index)
			print_virtio(&plan->virtio[i], port, out);
	}
}

static void print_policies(const struct vm_plan *plan, FILE *out)
{
	static const char *const actions[] = {
		[PLAN_DEVICE_ERROR_REPORT] = "it is reported",
		[PLAN_DEVICE_ERROR_STOP] = "the guest is stopped",
		[PLAN_DEVICE_ERROR_REMOVE] = "the device is removed",
	};

	static const char *const requests[] = {
		[PLAN_HOST_REQUEST_UNPLUG] = "it is unplugged",
		[PLAN_HOST_REQUEST_STOP] = "the guest is asked to power off",
		[PLAN_HOST_REQUEST_IGNORE] = "the host waits",
	};

	(void)fprintf(out, "  when one is to be unplugged: the guest has %u s, then it is taken\n",
		      plan->unplug_limit);
	(void)fprintf(out, "  when the host wants one back: %s\n", requests[plan->on_host_request]);
	(void)fprintf(out, "  when one reports an error: %s\n", actions[plan->on_device_error]);
}

static void print_bound(const struct vm_plan *plan, FILE *out)
{
	if (!plan->device_count)
		(void)fprintf(out, "  bound to iommufd: nothing\n");
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (plan->backend == PT_BACKEND_GROUP)
			(void)fprintf(out, "  in a VFIO container: %s, with IOMMU group %d\n",
				      plan->devices[i].bdf, plan->devices[i].group);
		else
			(void)fprintf(out, "  bound to iommufd: %s\n", plan->devices[i].bdf);
	}
}

static void print_pins(const struct vm_plan *plan, FILE *out)
{
	char text[CPU_LIST_TEXT_SIZE];
	struct cpu_list cpus;

	for (unsigned i = 0; i < plan->cpus; i++) {
		if (plan_pin(plan, i, &cpus))
			(void)fprintf(out, "  CPU %u runs on %s\n", i, cpu_list_text(&cpus, text));
	}
	if (cpu_list_count(&plan->emulator_cpus))
		(void)fprintf(out, "  all else runs on %s\n",
			      cpu_list_text(&plan->emulator_cpus, text));
	for (unsigned i = 0; i < plan->node_count; i++) {
		if (plan->nodes[i].host_node >= 0)
			(void)fprintf(out, "  memory of the guest's node %u from NUMA node %d\n", i,
				      plan->nodes[i].host_node);
	}
}

static void print_host_side(const struct vm_plan *plan, FILE *out)
{
	char size[SIZE_TEXT_SIZE];

	(void)fprintf(out, "on the host:\n");
	if (plan->hugepages)
		(void)fprintf(out, "  huge pages: %" PRIu64 " of %s\n",
			      plan->memory / plan->hugepages, size_text(plan->hugepages, size));
	print_pins(plan, out);
	if (plan->numa_node >= 0 && !plan->node_count)
		(void)fprintf(out, "  memory of NUMA node %d\n", plan->numa_node);
	if (plan->prefault_threads)
		(void)fprintf(out, "  memory present before the guest runs, by %u thread%s\n",
			      plan->prefault_threads, plan->prefault_threads == 1 ? "" : "s");
	if (plan->pins_memory)
		(void)fprintf(out, "  pinned: all %s of memory, once for all devices\n",
			      size_text(plan->memory, size));
	else
		(void)fprintf(out, "  pinned: nothing\n");
	if (plan->unsafe_noiommu)
		(void)fprintf(
			out,
			"  no IOMMU: the devices get no DMA and no message-signalled interrupts\n");
	if (plan->peer_to_peer)
		(void)fprintf(out, "  mapped for the other devices: each device's BARs%s\n",
			      plan->peers_reach_all ? "" : ", where it can be done");
	print_bound(plan, out);
}

static void print_part(unsigned count, const char *what, const char *after, FILE *out)
{
	(void)fprintf(out, "%u %s%s%s", count, what, count == 1 ? "" : "s", after);
}

static void print_cpus(const struct vm_plan *plan, FILE *out)
{
	(void)fprintf(out, "  cpus: ");
	print_part(plan->topology.sockets, "socket", ", ", out);
	print_part(plan->topology.cores, "core", " each, ", out);
	print_part(plan->topology.threads, "thread", " each; host", out);
	for (unsigned i = 0; i < CPU_FEATURES; i++) {
		if (plan->cpu_features[i])
			(void)fprintf(out, ",%c%s", plan->cpu_features[i] > 0 ? '+' : '-',
				      cpu_features[i].name);
	}
	(void)fprintf(out, "\n");
}

static void print_nodes(const struct vm_plan *plan, FILE *out)
{
	char size[SIZE_TEXT_SIZE], cpus[CPU_LIST_TEXT_SIZE];

	for (unsigned i = 0; i < plan->node_count; i++) {
		const struct plan_node *node = &plan->nodes[i];

		(void)fprintf(out, "  NUMA node %u: %s of memory, CPUs %s, distances", i,
			      size_text(node->memory, size),
			      cpu_list_count(&node->cpus) ? cpu_list_text(&node->cpus, cpus)
							  : "none");
		for (unsigned j = 0; j < plan->node_count; j++)
			(void)fprintf(out, " %u", node->distances[j]);
		(void)fprintf(out, "\n");
	}
}

void plan_print(const struct vm_plan *plan, FILE *out)
{
	char size[SIZE_TEXT_SIZE];

	(void)fprintf(out, "guest %s: %u CPU%s, %s of memory\n", plan->name, plan->cpus,
		      plan->cpus == 1 ? "" : "s", size_text(plan->memory, size));
	print_cpus(plan, out);
	print_nodes(plan, out);
	(void)fprintf(out, "  kernel: %s\n", plan->kernel);
	(void)fprintf(out, "  initrd: %s\n", plan->initrd[0] ? plan->initrd : "none");
	(void)fprintf(out, "  cmdline: %s\n", plan->cmdline);
	print_addresses(plan, out);
	print_interrupts(out);
	(void)fprintf(out, "devices:%s\n", plan->port_count ? "" : " none");
	for (unsigned i = 0; i < plan->port_count; i++)
		print_port(plan, i, out);
	if (plan->port_count)
		print_policies(plan, out);
	(void)fprintf(out, "ends:\n  by its power button at SIGTERM; by force %u s later\n",
		      plan->stop_limit);
	if (plan->stops_on_reboot)
		(void)fprintf(out, "  when it restarts\n");
	print_host_side(plan, out);
}
