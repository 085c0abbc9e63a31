/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config/size.h"
#include "plan/plan_steps.h"

#define MEMORY_STEP    (UINT64_C(2) << 20)  /* so that huge pages can back all of it */
#define MEMORY_MIN     (UINT64_C(32) << 20) /* a Linux kernel alone takes most of that */
#define DEFAULT_NAME   "tenon"
#define SERIAL_CMDLINE "console=ttyS0"

_Static_assert(sizeof(((struct vm_plan *)0)->name) == VM_NAME_SIZE, "config and plan disagree");
_Static_assert(sizeof(((struct vm_plan *)0)->cmdline) == VM_CMDLINE_SIZE,
	       "config and plan disagree");
_Static_assert((int)PLAN_DEVICE_ERROR_REPORT == (int)VM_DEVICE_ERROR_REPORT &&
		       (int)PLAN_DEVICE_ERROR_STOP == (int)VM_DEVICE_ERROR_STOP &&
		       (int)PLAN_DEVICE_ERROR_REMOVE == (int)VM_DEVICE_ERROR_REMOVE,
	       "config and plan disagree");
_Static_assert((int)PLAN_HOST_REQUEST_UNPLUG == (int)VM_HOST_REQUEST_UNPLUG &&
		       (int)PLAN_HOST_REQUEST_STOP == (int)VM_HOST_REQUEST_STOP &&
		       (int)PLAN_HOST_REQUEST_IGNORE == (int)VM_HOST_REQUEST_IGNORE,
	       "config and plan disagree");
_Static_assert((int)PLAN_PANIC_STOP == (int)VM_PANIC_STOP &&
		       (int)PLAN_PANIC_RESET == (int)VM_PANIC_RESET &&
		       (int)PLAN_PANIC_REPORT == (int)VM_PANIC_REPORT &&
		       (int)PLAN_PANIC_PAUSE == (int)VM_PANIC_PAUSE,
	       "config and plan disagree");
_Static_assert(PLAN_NODES_MAX == VM_NODES_MAX && PLAN_PIN_SIZE == VM_PIN_SIZE,
	       "config and plan disagree");
_Static_assert(PLAN_DEVICES_MAX == VM_DEVICES_MAX, "config and plan disagree");
_Static_assert(PLAN_NODE_MAX == VM_NODE_MAX, "config and plan disagree");

static int copy_text(char *to, size_t size, const char *what, const char *from,
		     struct pt_error *err)
{
	size_t len = from ? strlen(from) : 0;

	if (len >= size)
		return pt_error_set(err, -ENAMETOOLONG, "%s is longer than %zu characters", what,
				    size - 1);
	if (len)
		memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

static int plan_texts(const struct vm_config *config, struct vm_plan *plan, struct pt_error *err)
{
	const char *name = config->name ? config->name : DEFAULT_NAME;
	const char *cmdline = config->cmdline;
	int ret;

	if (!cmdline && config->serial != SERIAL_NONE)
		cmdline = SERIAL_CMDLINE;
	ret = copy_text(plan->name, sizeof(plan->name), "the name", name, err);
	if (ret < 0)
		return ret;
	ret = copy_text(plan->kernel, sizeof(plan->kernel), "the kernel's path", config->kernel,
			err);
	if (ret < 0)
		return ret;
	ret = copy_text(plan->initrd, sizeof(plan->initrd), "the initrd's path", config->initrd,
			err);
	if (ret < 0)
		return ret;
	return copy_text(plan->cmdline, sizeof(plan->cmdline), "the kernel command line", cmdline,
			 err);
}

static int misaligned(uint64_t memory, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], step[SIZE_TEXT_SIZE];
	char below[SIZE_TEXT_SIZE], above[SIZE_TEXT_SIZE];
	uint64_t down = memory - memory % MEMORY_STEP;

	(void)pt_error_set(err, -EINVAL, "memory of %s is not a multiple of %s",
			   size_text(memory, size), size_text(MEMORY_STEP, step));
	if (down > UINT64_MAX - MEMORY_STEP)
		return pt_error_remedy(err, -EINVAL, "a smaller --memory");
	return pt_error_remedy(err, -EINVAL, "--memory %s or --memory %s",
			       size_option_text(down, below),
			       size_option_text(down + MEMORY_STEP, above));
}

static int unlockable(uint64_t memory, uint64_t memlock, struct pt_error *err)
{
	char need[SIZE_TEXT_SIZE], limit[SIZE_TEXT_SIZE];

	(void)pt_error_set(
		err, -ENOMEM,
		"devices need all of the guest's memory locked: %s, and this process may "
		"lock %s",
		size_text(memory, need), size_text(memlock, limit));
	return pt_error_remedy(err, -ENOMEM,
			       "run as root; or raise the limit: ulimit -l %" PRIu64
			       " in the shell, LimitMEMLOCK=infinity in a systemd unit",
			       (memory + 1023) / 1024);
}

/* The DMA of a mediated device is its driver's business, which pins what it needs when it needs it; one without an IOMMU
 * does none. */
static int pins_memory(const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->device_count; i++) {
		if (!facts->devices[i].host.mediated && !facts->devices[i].host.noiommu)
			return 1;
	}
	return 0;
}

static int plan_memory(const struct vm_config *config, const struct host_facts *facts,
		       struct vm_plan *plan, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], limit[SIZE_TEXT_SIZE];
	uint64_t memory = config->memory;

	if (memory < MEMORY_MIN) {
		(void)pt_error_set(err, -EINVAL, "memory of %s is too small for a guest",
				   size_text(memory, size));
		return pt_error_remedy(err, -EINVAL, "--memory %s or more",
				       size_option_text(MEMORY_MIN, limit));
	}
	if (memory % MEMORY_STEP)
		return misaligned(memory, err);
	if (memory > facts->memory_total) {
		(void)pt_error_set(err, -ENOMEM, "memory of %s is more than this host has: %s",
				   size_text(memory, size),
				   size_text(facts->memory_total & ~(MEMORY_STEP - 1), limit));
		/* A sixteenth is for what comes to the host meanwhile. */
		memory = facts->memory_available - facts->memory_available / 16;
		return pt_error_remedy(err, -ENOMEM,
				       "--memory %s or less, of what is available now",
				       size_option_text(memory & ~(MEMORY_STEP - 1), limit));
	}
	if (pins_memory(facts) && memory > facts->memlock)
		return unlockable(memory, facts->memlock, err);
	plan->memory = memory;
	plan->pins_memory = pins_memory(facts);
	return 0;
}

/* One device has no peer, and a mediated device is none: what it shows and what it reaches is up to its driver. */
static int has_peers(const struct host_facts *facts)
{
	unsigned count = 0;

	for (size_t i = 0; i < facts->device_count; i++)
		count += !facts->devices[i].host.mediated;
	return count > 1;
}

int plan_make(const struct vm_config *config, const struct host_facts *facts,
	      struct vm_plan *ret_plan, struct pt_error *err)
{
	struct plan_limit limit = plan_limit(facts);
	struct vm_plan plan = {
		.phys_bits = facts->guest_phys_bits,
		.backend = facts->backend,
		.backend_asked = config->backend != BACKEND_AUTO,
		.space_fd = facts->space_fd,
		.prefault_threads = config->prefault_threads,
		.unplug_limit = config->unplug_limit,
		.on_device_error = (enum plan_device_error)config->on_device_error,
		.on_host_request = (enum plan_host_request)config->on_host_request,
		.stop_limit = config->stop_limit,
		.stops_on_reboot = config->on_reboot == VM_REBOOT_STOP,
		.starts_paused = config->paused,
		.stays = config->stays,
		.on_panic = (enum plan_panic)config->on_panic,
	};
	int ret;

	ret = plan_texts(config, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_cpus(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_memory(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_hugepages(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_numa(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_nodes(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_pins(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_ram(facts, &limit, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_virtio(config, &plan, err);
	if (ret < 0)
		return ret;
	ret = plan_devices(config, facts, &plan, err);
	if (ret < 0)
		return ret;
	plan_near(facts, &plan);
	ret = plan_ids(&plan, err);
	if (ret < 0)
		return ret;
	ret = plan_windows(facts, &limit, &plan, err);
	if (ret < 0)
		return ret;
	plan.peers_wanted = config->p2p != P2P_OFF;
	plan.peer_to_peer = config->p2p != P2P_OFF && has_peers(facts);
	plan.peers_reach_all =
		(plan.peer_to_peer || config->hotplug_slots) && config->p2p == P2P_ON;
	*ret_plan = plan;
	return 0;
}
