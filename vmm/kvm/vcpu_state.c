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

/*
 * KVM reads MSRs in order and stops at the first that it cannot read (api.rst 4.18). The list is the kernel's, not this
 * vCPU's: what stops it is not there for this one, so it is taken out, and the rest is read again.
 */
static int read_msrs(const struct kvm_vcpu *vcpu, struct kvm_msrs *msrs)
{
	while (msrs->nmsrs) {
		int n = kvm_ioctl(vcpu->kvm, vcpu->fd, KVM_GET_MSRS, msrs);

		if (n < 0)
			return n;
		if ((unsigned)n >= msrs->nmsrs)
			return 0;
		msrs->nmsrs--;
		memmove(&msrs->entries[n], &msrs->entries[n + 1],
			(msrs->nmsrs - (unsigned)n) * sizeof(msrs->entries[0]));
	}
	return 0;
}

static struct kvm_msrs *new_msrs(unsigned count)
{
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + count * sizeof(msrs->entries[0]));

	if (msrs)
		msrs->nmsrs = count;
	return msrs;
}

static int save_msrs(const struct kvm_vcpu *vcpu, struct kvm_msrs **ret_msrs)
{
	struct kvm_msr_list *list;
	struct kvm_msrs *msrs;
	int r = list_msrs(vcpu->kvm, &list);

	if (r)
		return r;
	msrs = new_msrs(list->nmsrs);
	if (msrs) {
		msrs->nmsrs = 0;
		for (unsigned i = 0; i < list->nmsrs; i++) {
			if (list->indices[i] != MSR_TSC)
				msrs->entries[msrs->nmsrs++].index = list->indices[i];
		}
	}
	free(list);
	r = msrs ? read_msrs(vcpu, msrs) : -ENOMEM;
	if (r) {
		free(msrs);
		return r;
	}
	*ret_msrs = msrs;
	return 0;
}

/* Only what has changed is written: some MSRs act when they are written, and some cannot be written at all. Those that
 * refuse are left: they are counters that the processor keeps. */
static int restore_msrs(const struct kvm_vcpu *vcpu, const struct kvm_msrs *power_on)
{
	struct kvm_msrs *now = new_msrs(power_on->nmsrs);
	int r;

	if (!now)
		return -ENOMEM;
	memcpy(now->entries, power_on->entries, power_on->nmsrs * sizeof(now->entries[0]));
	r = read_msrs(vcpu, now);
	/* in the same order, but some may have gone */
	for (unsigned i = 0, j = 0; !r && i < power_on->nmsrs && j < now->nmsrs; i++) {
		const struct kvm_msr_entry *entry = &power_on->entries[i];

		if (entry->index != now->entries[j].index)
			continue;
		if (entry->data != now->entries[j++].data)
			(void)kvm_msr_set(vcpu, entry->index, entry->data);
	}
	free(now);
	return r;
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
	r = restore_msrs(vcpu, state->msrs);
	if (r)
		return pt_error_set(err, r, "KVM: cannot restore a vCPU's MSRs: %s", strerror(-r));
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
