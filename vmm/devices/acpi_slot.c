/* SPDX-License-Identifier: MIT */
#include "devices/acpi_slot.h"

#include <string.h>

#define CAME	 0u
#define ASKED	 4u
#define EJECT	 8u
#define LOOK_ALL 1u /* of CAME */

static uint32_t bit_of(const struct acpi_slot *slot)
{
	return 1u << slot->number;
}

/* A register is read, and with that cleared, whole. */
static uint32_t take(struct acpi_slots *slots, uint32_t *bits)
{
	uint32_t value;

	pthread_mutex_lock(&slots->lock);
	value = *bits;
	*bits = 0;
	pthread_mutex_unlock(&slots->lock);
	return value;
}

static void slots_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct acpi_slots *slots = state;
	uint32_t value = 0;

	memset(data, 0, size);
	if (size != sizeof(value))
		return;
	if (offset == CAME)
		value = take(slots, &slots->came);
	else if (offset == ASKED)
		value = take(slots, &slots->asked);
	memcpy(data, &value, sizeof(value));
}

static void eject(struct acpi_slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->present && !slot->ejected) {
		slot->ejected = true;
		atomic_store(&slot->up, false);
		slot->ops->hold(slot->ctx);
	}
	pthread_mutex_unlock(&slot->lock);
}

static void slots_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	const struct acpi_slots *slots = state;
	uint32_t value;

	if (offset != EJECT || size != sizeof(value))
		return;
	memcpy(&value, data, sizeof(value));
	for (unsigned i = 1; i < ACPI_SLOTS; i++) {
		if (value & 1u << i && slots->list[i])
			eject(slots->list[i]);
	}
}

const struct device_ops acpi_slots_ops = {
	.name = "ACPI slots",
	.read = slots_read,
	.write = slots_write,
};

void acpi_slots_init(struct acpi_slots *slots, struct pm *pm)
{
	*slots = (struct acpi_slots){.pm = pm, .lock = PTHREAD_MUTEX_INITIALIZER};
}

static const struct pci_function *function_of(const struct acpi_gate *gate)
{
	const struct pci_function *function = &gate->slot->functions[gate->number];

	/* Whether it answers is looked at first: what is in the slot changes only while it does not. */
	return atomic_load(&gate->slot->up) && function->ops ? function : NULL;
}

static uint32_t gate_read(void *state, unsigned offset, unsigned size)
{
	const struct pci_function *function = function_of(state);

	if (!function)
		return size < 4 ? (1u << size * 8) - 1 : ~0u;
	return function->ops->config_read(function->state, offset, size);
}

static void gate_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	const struct pci_function *function = function_of(state);

	if (function)
		function->ops->config_write(function->state, offset, size, value);
}

static const struct pci_function_ops gate_ops = {
	.config_read = gate_read,
	.config_write = gate_write,
};

void acpi_slot_init(struct acpi_slot *slot, struct acpi_slots *slots, unsigned number,
		    const struct acpi_slot_ops *ops, void *ctx, struct pci_host *host)
{
	*slot = (struct acpi_slot){
		.slots = slots,
		.number = number,
		.ops = ops,
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	atomic_init(&slot->up, false);
	slots->list[number] = slot;
	for (unsigned i = 0; i < ACPI_SLOT_FUNCTIONS; i++) {
		slot->gates[i] = (struct acpi_gate){slot, i};
		pci_host_plug(host, number, i, &gate_ops, &slot->gates[i]);
	}
}

void acpi_slot_done(struct acpi_slot *slot)
{
	if (slot->slots)
		pthread_mutex_destroy(&slot->lock);
	slot->slots = NULL;
}

static void put(struct acpi_slot *slot, unsigned number, const struct pci_function_ops *ops,
		void *state)
{
	pthread_mutex_lock(&slot->lock);
	slot->functions[number] = (struct pci_function){.ops = ops, .state = state};
	pthread_mutex_unlock(&slot->lock);
}

void acpi_slot_plug(struct acpi_slot *slot, unsigned number, const struct pci_function_ops *ops,
		    void *state)
{
	put(slot, number, ops, state);
	slot->present = true;
	atomic_store(&slot->up, true);
}

void acpi_slot_stage(struct acpi_slot *slot, unsigned number, const struct pci_function_ops *ops,
		     void *state)
{
	put(slot, number, ops, state);
}

void acpi_slot_forget(struct acpi_slot *slot, unsigned number)
{
	put(slot, number, NULL, NULL);
}

/* Return: whether the guest listens. */
static bool tell(struct acpi_slots *slots, uint32_t *bits, uint32_t what)
{
	pthread_mutex_lock(&slots->lock);
	*bits |= what;
	pthread_mutex_unlock(&slots->lock);
	return pm_raise_gpe(slots->pm, PM_GPE_SLOTS);
}

void acpi_slot_insert(struct acpi_slot *slot, const struct pci_function_ops *ops, void *state)
{
	put(slot, 0, ops, state);
	pthread_mutex_lock(&slot->lock);
	slot->present = true;
	slot->ejected = false;
	slot->ops->release(slot->ctx);
	atomic_store(&slot->up, true);
	pthread_mutex_unlock(&slot->lock);
	(void)tell(slot->slots, &slot->slots->came, bit_of(slot));
}

void acpi_slot_reset(struct acpi_slot *slot)
{
	(void)take(slot->slots, &slot->slots->came);
	(void)take(slot->slots, &slot->slots->asked);
	slot->ejected = false;
	atomic_store(&slot->up, slot->present);
}

bool acpi_slot_ask(struct acpi_slot *slot)
{
	return tell(slot->slots, &slot->slots->asked, bit_of(slot));
}

bool acpi_slot_held(struct acpi_slot *slot)
{
	bool held;

	pthread_mutex_lock(&slot->lock);
	held = !slot->ejected;
	pthread_mutex_unlock(&slot->lock);
	return held;
}

/* What leaves unasked is found to be gone by a look at the whole bus: a check of the slot alone finds what has come. */
void acpi_slot_remove(struct acpi_slot *slot)
{
	bool unasked = false;

	pthread_mutex_lock(&slot->lock);
	if (slot->present) {
		slot->present = false;
		unasked = !slot->ejected;
		atomic_store(&slot->up, false);
		if (unasked)
			slot->ops->hold(slot->ctx);
	}
	pthread_mutex_unlock(&slot->lock);
	if (unasked)
		(void)tell(slot->slots, &slot->slots->came, LOOK_ALL);
}
