/* SPDX-License-Identifier: MIT */
#include "machine/address_space.h"

#include "kvm/kvm.h"

/* All of RAM will be pinned, and whatever is assigned now or later must reach it; other devices' BARs only where that is
 * asked for. */
static int announce(struct pt_space *space, const struct vm_plan *plan, struct pt_error *err)
{
	const struct plan_range windows[] = {plan->mmio32_window, plan->mmio64_window};
	struct pt_iova_range ranges[PLAN_RAM_MAX + 2];
	unsigned count = 0;
	int r = pt_space_check_limit(space, plan->memory, err);

	if (r)
		return r;
	for (unsigned i = 0; i < plan->ram_count; i++)
		ranges[count++] = (struct pt_iova_range){plan->ram[i].gpa,
							 plan->ram[i].gpa + plan->ram[i].size - 1};
	for (unsigned i = 0; plan->peers_reach_all && i < 2; i++)
		if (windows[i].size)
			ranges[count++] = (struct pt_iova_range){
				windows[i].base, windows[i].base + windows[i].size - 1};
	return pt_space_allow(space, ranges, count, err);
}

int address_space_open(struct kvm *kvm, const struct vm_plan *plan, struct pt_space **ret_space,
		       struct pt_error *err)
{
	const struct pt_space_setup setup = {
		.backend = plan->backend,
		.unsafe_noiommu = plan->unsafe_noiommu,
		.kvm = &kvm_vfio_ops,
		.kvm_ctx = kvm,
	};
	struct pt_space *space;
	int r = plan->space_fd ? pt_space_open_fd(kvm->sys, &setup, plan->space_fd, &space, err)
			       : pt_space_open(kvm->sys, &setup, &space, err);

	if (r)
		return r;
	r = announce(space, plan, err);
	if (r)
		pt_space_close(space);
	else
		*ret_space = space;
	return r;
}

int address_space_fill(struct pt_space *space, const struct vm_plan *plan, const struct ram *ram,
		       struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < plan->ram_count && !plan->unsafe_noiommu && !r; i++) {
		const struct plan_ram *piece = &plan->ram[i];
		const struct pt_memory memory = {
			.hva = ram->base + piece->offset,
			.fd = ram->fd,
			.offset = piece->offset,
		};

		r = pt_space_map(space, piece->gpa, piece->size, &memory,
				 PT_MAP_READ | PT_MAP_WRITE, err);
	}
	return r;
}
