/* SPDX-License-Identifier: MIT */
/*
 * The steps of plan_make(), in order. Each one fills in its part of the plan and relies on those before it.
 */
#ifndef TENON_PLAN_PLAN_STEPS_H
#define TENON_PLAN_PLAN_STEPS_H

#include <stdbool.h>

#include "config/device_id.h"
#include "config/vm_config.h"
#include "host/host_facts.h"
#include "plan/plan.h"

#define PLAN_PAGE_SIZE UINT64_C(4096)

/**
 * struct plan_limit - where guest physical addresses end
 * @end: first address that cannot be used
 * @why: whose width that is, such as "the IOMMU of 0000:02:00.0 translates 39 bits"
 */
struct plan_limit {
	uint64_t end;
	char why[128];
};

/** plan_limit() - the narrowest of what KVM gives a guest and what each device's IOMMU translates */
struct plan_limit plan_limit(const struct host_facts *facts);

/** plan_cpus() - 0. processors: number, topology, features; against what KVM has. Errors: -ERANGE, -EINVAL, -EOPNOTSUPP. */
int plan_cpus(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err);

#define PLAN_CPUS_TEXT_SIZE 128

/**
 * plan_cpus_below() - what to type for CPUs whose APIC ids are all below @ids
 * @plan: whose topology has others; its CPUs and topology alone count
 * @ids: not 0
 * @ret_text: the most CPUs that keep that shape; and all of them, where they fit in one without gaps
 */
void plan_cpus_below(const struct vm_plan *plan, unsigned ids, char *ret_text, size_t size);

/** plan_hugepages() - 0. the huge pages that are to back RAM; against the host's pool */
int plan_hugepages(const struct vm_config *config, const struct host_facts *facts,
		   struct vm_plan *plan, struct pt_error *err);

/** plan_numa() - 0. the NUMA node that RAM is to come from; against what the node has. After plan_hugepages(). */
int plan_numa(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err);

/** plan_nodes() - 0. the guest's NUMA nodes; against its memory, its CPUs and the host's nodes. After plan_numa(). */
int plan_nodes(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	       struct pt_error *err);

/** plan_pins() - 0. which of the host's CPUs run what; against those that there are */
int plan_pins(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err);

/** plan_near() - 3. the guest's node that each port's devices are near, by the host's */
void plan_near(const struct host_facts *facts, struct vm_plan *plan);

/** plan_ram() - 1. RAM, below and above the hole for 32-bit devices; against the limit and the reserved ranges */
int plan_ram(const struct host_facts *facts, const struct plan_limit *limit, struct vm_plan *plan,
	     struct pt_error *err);

/** plan_ram_check() - whether a device's IOMMU leaves the RAM that was planned. Errors: -EADDRINUSE. */
int plan_ram_check(const struct vm_plan *plan, const struct device_facts *device,
		   struct pt_error *err);

/** plan_virtio() - 2. what virtio devices there are, in the slots that were asked for; 0 for those that are not yet chosen */
int plan_virtio(const struct vm_config *config, struct vm_plan *plan, struct pt_error *err);

/** plan_devices() - 3. ports and their slots, those of virtio devices too, pins, and what the facts say of each function */
int plan_devices(const struct vm_config *config, const struct host_facts *facts,
		 struct vm_plan *plan, struct pt_error *err);

/** plan_device() - what the plan says of one function, at @function behind @ports[@port]; BARs are in no place yet */
int plan_device(const struct vm_config_device *config, const struct device_facts *facts,
		const struct plan_port *ports, unsigned port, unsigned function,
		struct plan_device *ret_device, struct pt_error *err);

/** plan_pin_gsi() - the GSI of an interrupt pin, 1 for INTA#, of what is in a slot; 0 for no pin */
unsigned plan_pin_gsi(unsigned slot, unsigned pin);

/** plan_virtio_noun() - "disk", for messages, and for the id of one that has none of its own */
const char *plan_virtio_noun(const struct plan_virtio *virtio);

/** plan_ids() - 4. a name for each device that has none yet. Errors: -EEXIST two have the same. */
int plan_ids(struct vm_plan *plan, struct pt_error *err);

/** plan_windows() - 5. where BARs may be, each port's windows within that, and each BAR within those */
int plan_windows(const struct host_facts *facts, const struct plan_limit *limit,
		 struct vm_plan *plan, struct pt_error *err);

/** enum bar_space - which kind of window a BAR goes into */
enum bar_space {
	BAR_SPACE_IO,
	BAR_SPACE_MEM32,
	BAR_SPACE_MEM64,
};

/** bar_space() - by the BAR's kind */
enum bar_space bar_space(const struct pt_host_bar *bar);

/** bar_name() - "BAR 0", or "expansion ROM", for an index below PLAN_BARS */
const char *bar_name(unsigned bar);

/**
 * plan_bars_fit() - place a device's BARs of one space in the window of its port, or what others leave of it
 *
 * Return: false when they do not fit.
 */
bool plan_bars_fit(const struct plan_range *window, enum bar_space space,
		   struct plan_device *device);

/** struct bar_need - the largest BAR of one space and whose it is; @largest is 0 when there is none */
struct bar_need {
	uint64_t largest;
	unsigned largest_device;
	unsigned largest_bar;
};

/** bar_need() - find it. Errors: -EOVERFLOW together the space's BARs are more than 64 bits hold. */
int bar_need(const struct vm_plan *plan, enum bar_space space, struct bar_need *ret_need,
	     struct pt_error *err);

/**
 * plan_bars_lay() - place every port's window of one space, and the BARs in them, from @base on
 * @end: where ports end; what does not fit below it gets none. Memory is placed in any case.
 *
 * After bar_need() found no overflow. Return: where the last window ends, UINT64_MAX when that is nowhere.
 */
uint64_t plan_bars_lay(struct vm_plan *plan, enum bar_space space, uint64_t base, uint64_t end);

#endif
