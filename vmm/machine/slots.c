/* SPDX-License-Identifier: MIT */
#include "machine/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"

static void message(void *ctx, uint64_t address, uint32_t data)
{
	const struct slot *slot = ctx;

	kvm_message(slot->slots->kvm, address, data);
}

/* Pins share GSIs, and KVM knows one level for all that is set from here. */
static void set_line(const struct slot *slot, uint64_t bit, bool level)
{
	struct slots *slots = slot->slots;
	unsigned pin = slot->plan->place % PLAN_INTX_GSIS;

	pthread_mutex_lock(&slots->lock);
	slots->asserted[pin] = level ? slots->asserted[pin] | bit : slots->asserted[pin] & ~bit;
	kvm_irq_line(slots->kvm, PLAN_INTX_GSI + pin, slots->asserted[pin] != 0);
	pthread_mutex_unlock(&slots->lock);
}

static void line(void *ctx, bool level)
{
	const struct slot *slot = ctx;

	set_line(slot, 1ull << (slot - slot->slots->list), level);
}

void slots_line(void *ctx, bool level)
{
	const struct slot *slot = ctx;

	set_line(slot, 1ull << (PLAN_PORTS_MAX + (slot - slot->slots->list)), level);
}

/* It fails only when the counter is full, and then its reader is awake already. */
static void tell(const struct slot *slot)
{
	const uint64_t one = 1;

	(void)!write(slot->power_fd, &one, sizeof(one));
}

static void stop(const struct slot *slot)
{
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		if (slot->functions[i])
			assigned_stop(slot->functions[i]);
	}
}

static void hold(void *ctx)
{
	const struct slot *slot = ctx;

	stop(slot);
	if (slot->virtio)
		virtio_pci_hold(&slot->virtio->pci);
	tell(slot);
}

static void release(void *ctx)
{
	const struct slot *slot = ctx;
	struct pt_error err = PT_ERROR_INIT;

	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		if (slot->functions[i] && assigned_start(slot->functions[i], &err))
			report_error(&err, stderr);
	}
	if (slot->virtio)
		virtio_pci_release(&slot->virtio->pci);
	tell(slot);
}

static const struct root_port_ops port_ops = {
	.message = message,
	.line = line,
	.hold = hold,
	.release = release,
};

static const struct acpi_slot_ops place_ops = {.hold = hold, .release = release};

static void place(struct slot *slot, struct pci_host *pci)
{
	struct slots *slots = slot->slots;

	if (slots->flat) {
		acpi_slot_init(&slot->place, &slots->acpi, slot->plan->place, &place_ops, slot,
			       pci);
		return;
	}
	root_port_init(&slot->port, slot->plan, &port_ops, slot);
	pci_host_plug(pci, slot->plan->place, slot->plan->function, &root_port_config_ops,
		      &slot->port);
}

int slots_open(struct slots *slots, const struct kvm *kvm, const struct vm_plan *plan,
	       struct pci_host *pci, struct pm *pm, struct pt_error *err)
{
	*slots = (struct slots){.kvm = kvm, .flat = plan->flat, .lock = PTHREAD_MUTEX_INITIALIZER};
	acpi_slots_init(&slots->acpi, pm);
	if (!plan->port_count)
		return 0;
	slots->list = calloc(plan->port_count, sizeof(*slots->list));
	if (!slots->list)
		return pt_error_set(err, -ENOMEM, "no memory for %u slots", plan->port_count);
	for (unsigned i = 0; i < plan->port_count; i++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return pt_error_set(err, -errno, "no eventfd: %m");
		slots->list[i].power_fd = fd;
		slots->count++;
	}
	for (unsigned i = 0; i < slots->count; i++) {
		struct slot *slot = &slots->list[i];

		slot->slots = slots;
		slot->plan = &plan->ports[i];
		place(slot, pci);
	}
	return 0;
}

void slots_done(struct slots *slots)
{
	for (unsigned i = 0; i < slots->count; i++) {
		root_port_done(&slots->list[i].port);
		acpi_slot_done(&slots->list[i].place);
		(void)close(slots->list[i].power_fd);
	}
	free(slots->list);
	slots->list = NULL;
	slots->count = 0;
}

static void plug(struct slot *slot, unsigned function, const struct pci_function_ops *ops,
		 void *state)
{
	if (slot->slots->flat)
		acpi_slot_plug(&slot->place, function, ops, state);
	else
		root_port_plug(&slot->port, function, ops, state);
}

static void forget(struct slot *slot, unsigned function)
{
	if (slot->slots->flat)
		acpi_slot_forget(&slot->place, function);
	else
		root_port_forget(&slot->port, function);
}

static void insert(struct slot *slot, const struct pci_function_ops *ops, void *state)
{
	if (slot->slots->flat)
		acpi_slot_insert(&slot->place, ops, state);
	else
		root_port_insert(&slot->port, ops, state);
}

static void stage(struct slot *slot, unsigned function, const struct pci_function_ops *ops,
		  void *state)
{
	if (slot->slots->flat)
		acpi_slot_stage(&slot->place, function, ops, state);
	else
		root_port_stage(&slot->port, function, ops, state);
}

bool slot_ask(struct slot *slot)
{
	return slot->slots->flat ? acpi_slot_ask(&slot->place) : root_port_press(&slot->port);
}

bool slot_held(struct slot *slot)
{
	return slot->slots->flat ? acpi_slot_held(&slot->place) : root_port_powered(&slot->port);
}

void slot_empty(struct slot *slot)
{
	if (slot->slots->flat)
		acpi_slot_remove(&slot->place);
	else
		root_port_remove(&slot->port);
}

void slots_plug(struct slots *slots, const struct plan_device *plan, struct assigned *assigned)
{
	struct slot *slot = &slots->list[plan->port];

	slot->functions[plan->function] = assigned;
	plug(slot, plan->function, &assigned_function_ops, assigned);
}

void slots_plug_virtio(struct slots *slots, struct virtio_unit *unit)
{
	struct slot *slot = &slots->list[unit->plan.port];

	slot->virtio = unit;
	plug(slot, 0, &virtio_pci_config_ops, &unit->pci);
}

void slots_clear(struct slots *slots, unsigned port)
{
	struct slot *slot = &slots->list[port];

	slot->virtio = NULL;
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		slot->functions[i] = NULL;
		forget(slot, i);
	}
}

void slots_forget_virtio(struct slots *slots, const struct virtio_unit *unit)
{
	struct slot *slot = &slots->list[unit->plan.port];

	if (slot->virtio != unit)
		return;
	slot->virtio = NULL;
	forget(slot, 0);
}

void slots_forget(struct slots *slots, const struct assigned *assigned)
{
	for (unsigned i = 0; i < slots->count; i++) {
		struct slot *slot = &slots->list[i];

		for (unsigned j = 0; j < PLAN_FUNCTIONS_MAX; j++) {
			if (slot->functions[j] != assigned)
				continue;
			slot->functions[j] = NULL;
			forget(slot, j);
		}
	}
}

/* Its link is down until it is inserted, so that nobody looks meanwhile. */
void slots_insert(struct slots *slots, const struct plan_device *plan, struct assigned *assigned)
{
	struct slot *slot = &slots->list[plan->port];

	slot->functions[plan->function] = assigned;
	if (plan->function)
		stage(slot, plan->function, &assigned_function_ops, assigned);
	else
		insert(slot, &assigned_function_ops, assigned);
}

void slots_insert_virtio(struct slots *slots, struct virtio_unit *unit)
{
	struct slot *slot = &slots->list[unit->plan.port];

	slot->virtio = unit;
	insert(slot, &virtio_pci_config_ops, &unit->pci);
}

int slots_start(struct slots *slots, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < slots->count; i++) {
		for (unsigned j = 0; j < PLAN_FUNCTIONS_MAX && !r; j++) {
			if (slots->list[i].functions[j])
				r = assigned_start(slots->list[i].functions[j], err);
		}
	}
	return r;
}

void slots_stop(struct slots *slots)
{
	for (unsigned i = 0; i < slots->count; i++)
		stop(&slots->list[i]);
}

void slots_reset(struct slots *slots)
{
	for (unsigned i = 0; i < slots->count; i++) {
		if (slots->flat)
			acpi_slot_reset(&slots->list[i].place);
		else
			root_port_reset(&slots->list[i].port);
	}
}
