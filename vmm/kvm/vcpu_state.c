/* SPDX-License-Identifier: MIT */
#include "kvm/vcpu_state.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MSR_TSC \
	0x10u /* goes on through a reset, as it does in processors that keep a running counter */

struct msr_buffer {
	struct kvm_msrs header;
	struct kvm_msr_entry entry;
};

int kvm_msr_get(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t *ret_value)
{
	struct msr_buffer buffer = {.header = {.nmsrs = 1}, .entry = {.index = index}};
	int r = kvm_ioctl(vcpu->kvm, vcpu->fd, KVM_GET_MSRS, &buffer);

	if (r != 1)
		return r < 0 ? r : -EINVAL;
	*ret_value = buffer.entry.data;
	return 0;
}

int kvm_msr_set(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	struct msr_buffer buffer = {
		.header = {.nmsrs = 1},
		.entry = {.index = index, .data = value},
	};
	int r = kvm_ioctl(vcpu->kvm, vcpu->fd, KVM_SET_MSRS, &buffer);

	return r == 1 ? 0 : r < 0 ? r : -EINVAL;
}

/* KVM's list of MSRs worth saving. E2BIG says how many there are (api.rst 4.3). */
static int list_msrs(const struct kvm *kvm, struct kvm_msr_list **ret_list)
{
	struct kvm_msr_list probe = {.nmsrs = 0};
	struct kvm_msr_list *list;
	int r = kvm_ioctl(kvm, kvm->fd, KVM_GET_MSR_INDEX_LIST, &probe);

	if (r < 0 && r != -E2BIG)
		return r;
	list = calloc(1, sizeof(*list) + probe.nmsrs * sizeof(list->indices[0]));
	if (!list)
		return -ENOMEM;
	list->nmsrs = probe.nmsrs;
	r = kvm_ioctl(kvm, kvm->fd, KVM_GET_MSR_INDEX_LIST, list);
	if (r < 0) {
		free(list);
		return r;
	}
	*ret_list = list;
	return 0;
}

/* The list is the kernel's, not this vCPU's: what cannot be read is not there for it. */
static int save_msrs(const struct kvm_vcpu *vcpu, struct kvm_msrs **ret_msrs)
{
	struct kvm_msr_list *list;
	struct kvm_msrs *msrs;
	int r = list_msrs(vcpu->kvm, &list);

	if (r)
		return r;
	msrs = calloc(1, sizeof(*msrs) + list->nmsrs * sizeof(msrs->entries[0]));
	for (unsigned i = 0; msrs && i < list->nmsrs; i++) {
		struct kvm_msr_entry entry = {.index = list->indices[i]};
		uint64_t value;

		if (entry.index == MSR_TSC || kvm_msr_get(vcpu, entry.index, &value))
			continue;
		entry.data = value;
		msrs->entries[msrs->nmsrs++] = entry;
	}
	free(list);
	if (!msrs)
		return -ENOMEM;
	*ret_msrs = msrs;
	return 0;
}

/* Only what has changed is written: some MSRs act when they are written, and some cannot be written at all. Those that
 * refuse are left: they are counters that the processor keeps. */
static void restore_msrs(const struct kvm_vcpu *vcpu, const struct kvm_msrs *msrs)
{
	for (unsigned i = 0; i < msrs->nmsrs; i++) {
		const struct kvm_msr_entry *entry = &msrs->entries[i];
		uint64_t now;

		if (!kvm_msr_get(vcpu, entry->index, &now) && now != entry->data)
			(void)kvm_msr_set(vcpu, entry->index, entry->data);
	}
}

struct step {
	unsigned long get;
	unsigned long set;
	size_t offset; /* in struct kvm_vcpu_state */
	const char *what;
};

#define STEP(name, field, text)                                                              \
	{                                                                                    \
		KVM_GET_##name, KVM_SET_##name, offsetof(struct kvm_vcpu_state, field), text \
	}

/* In the order of restoring. The mode (SREGS) before the local APIC, whose register layout follows the APIC base; the
 * MSRs between, so that the deadline timer finds its APIC; what is pending and whether the vCPU waits come last. */
static const struct step first_steps[] = {
	STEP(SREGS, sregs, "system registers"),
	STEP(REGS, regs, "registers"),
	STEP(XSAVE, xsave, "extended registers"),
};
static const struct step last_steps[] = {
	STEP(LAPIC, lapic, "local APIC"),
	STEP(DEBUGREGS, debugregs, "debug registers"),
	STEP(VCPU_EVENTS, events, "pending events"),
	STEP(MP_STATE, mp_state, "run state"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int get_steps(const struct kvm_vcpu *vcpu, struct kvm_vcpu_state *state,
		     const struct step *steps, size_t count, struct pt_error *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = kvm_ioctl(vcpu->kvm, vcpu->fd, steps[i].get,
				  (char *)state + steps[i].offset);

		if (r < 0)
			return pt_error_set(err, r, "KVM: cannot read a vCPU's %s: %s",
					    steps[i].what, strerror(-r));
	}
	return 0;
}

static int set_steps(const struct kvm_vcpu *vcpu, const struct kvm_vcpu_state *state,
		     const struct step *steps, size_t count, struct pt_error *err)
{
	for (size_t i = 0; i < count; i++) {
		/* The kernel does not write through it. */
		void *arg = (char *)(uintptr_t)state + steps[i].offset;
		int r = kvm_ioctl(vcpu->kvm, vcpu->fd, steps[i].set, arg);

		if (r < 0)
			return pt_error_set(err, r, "KVM: cannot restore a vCPU's %s: %s",
					    steps[i].what, strerror(-r));
	}
	return 0;
}

int kvm_vcpu_save(const struct kvm_vcpu *vcpu, struct kvm_vcpu_state *state, struct pt_error *err)
{
	const struct kvm *kvm = vcpu->kvm;
	int r;

	r = get_steps(vcpu, state, first_steps, COUNT(first_steps), err);
	if (!r)
		r = get_steps(vcpu, state, last_steps, COUNT(last_steps), err);
	if (r)
		return r;
	/* A vCPU that could not be told to leave its own guest cannot be one's host: without this state there is no
	 * nested virtualization either, so its absence costs nothing. */
	state->nested.size = sizeof(state->nested);
	if (!kvm->has_nested_state ||
	    kvm_ioctl(kvm, vcpu->fd, KVM_GET_NESTED_STATE, &state->nested) < 0)
		state->nested.size = 0;
	r = kvm->has_xcrs ? kvm_ioctl(kvm, vcpu->fd, KVM_GET_XCRS, &state->xcrs) : 0;
	if (r >= 0)
		r = save_msrs(vcpu, &state->msrs);
	if (r < 0)
		return pt_error_set(err, r, "KVM: cannot read a vCPU's MSRs: %s", strerror(-r));
	return 0;
}

int kvm_vcpu_restore(const struct kvm_vcpu *vcpu, const struct kvm_vcpu_state *state,
		     struct pt_error *err)
{
	const struct kvm *kvm = vcpu->kvm;
	int r = 0;

	/* First out of a nested guest, while the vCPU still has the mode that it needs for that. */
	if (state->nested.size) {
		struct kvm_nested_state nested = state->nested;

		r = kvm_ioctl(kvm, vcpu->fd, KVM_SET_NESTED_STATE, &nested);
	}
	if (r >= 0)
		r = set_steps(vcpu, state, first_steps, COUNT(first_steps), err);
	else
		pt_error_set(err, r, "KVM: cannot end a nested guest: %s", strerror(-r));
	if (r)
		return r;
	if (kvm->has_xcrs) {
		struct kvm_xcrs xcrs = state->xcrs;

		r = kvm_ioctl(kvm, vcpu->fd, KVM_SET_XCRS, &xcrs);
		if (r < 0)
			return pt_error_set(err, r, "KVM: cannot restore a vCPU's XCR0: %s",
					    strerror(-r));
	}
	restore_msrs(vcpu, state->msrs);
	return set_steps(vcpu, state, last_steps, COUNT(last_steps), err);
}

void kvm_vcpu_state_done(struct kvm_vcpu_state *state)
{
	free(state->msrs);
	state->msrs = NULL;
}

int kvm_chips_save(const struct kvm *kvm, struct kvm_chips_state *state, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < COUNT(state->chips) && r >= 0; i++) {
		state->chips[i].chip_id = i;
		r = kvm_ioctl(kvm, kvm->vm_fd, KVM_GET_IRQCHIP, &state->chips[i]);
	}
	if (r >= 0)
		r = kvm_ioctl(kvm, kvm->vm_fd, KVM_GET_PIT2, &state->pit);
	if (r < 0)
		return pt_error_set(err, r, "KVM: cannot read the interrupt controllers: %s",
				    strerror(-r));
	return 0;
}

int kvm_chips_restore(const struct kvm *kvm, const struct kvm_chips_state *state,
		      struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < COUNT(state->chips) && r >= 0; i++) {
		struct kvm_irqchip chip = state->chips[i];

		r = kvm_ioctl(kvm, kvm->vm_fd, KVM_SET_IRQCHIP, &chip);
	}
	if (r >= 0) {
		struct kvm_pit_state2 pit = state->pit;

		r = kvm_ioctl(kvm, kvm->vm_fd, KVM_SET_PIT2, &pit);
	}
	if (r < 0)
		return pt_error_set(err, r, "KVM: cannot restore the interrupt controllers: %s",
				    strerror(-r));
	return 0;
}
