/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct guest *to_guest(void *ctx)
{
	return ctx;
}

/* Logs the callback and says what it fails with. As an embedder would, it says what failed. */
#define ENTER(guest, err, ...)                                                  \
	do {                                                                    \
		int fault = model_enter((guest)->model, "guest " __VA_ARGS__);  \
		if (fault)                                                      \
			return pt_error_set(err, fault, "guest: " __VA_ARGS__); \
	} while (0)

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int memory_add(void *ctx, uint64_t gpa, uint64_t size, void *hva, struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);

	ENTER(guest, err, "memory_add 0x%llx 0x%llx", (unsigned long long)gpa,
	      (unsigned long long)size);
	if (gpa % MODEL_PAGE || size % MODEL_PAGE || (uintptr_t)hva % MODEL_PAGE || size == 0)
		model_violate(guest->model, "memory_add of 0x%llx, 0x%llx bytes: not whole pages",
			      (unsigned long long)gpa, (unsigned long long)size);
	for (unsigned i = 0; i < guest->window_count; i++) {
		if (!overlap(gpa, size, guest->windows[i].gpa, guest->windows[i].size))
			continue;
		if (guest->windows[i].hva == hva)
			model_violate(guest->model, "memory_add of 0x%llx, which is in already",
				      (unsigned long long)gpa);
		return pt_error_set(err, -EEXIST, "guest: memory at 0x%llx over another",
				    (unsigned long long)gpa);
	}
	if (guest->window_count == GUEST_WINDOWS)
		return pt_error_set(err, -ENOSPC, "guest: no more windows");
	model_guest_sees(guest->model, hva, size, true);
	guest->windows[guest->window_count++] = (struct guest_window){gpa, size, hva};
	return 0;
}

static void memory_remove(void *ctx, uint64_t gpa, uint64_t size)
{
	struct guest *guest = to_guest(ctx);

	model_log(guest->model, "guest memory_remove 0x%llx 0x%llx", (unsigned long long)gpa,
		  (unsigned long long)size);
	for (unsigned i = 0; i < guest->window_count; i++) {
		if (guest->windows[i].gpa != gpa || guest->windows[i].size != size)
			continue;
		model_guest_sees(guest->model, guest->windows[i].hva, size, false);
		guest->windows[i] = guest->windows[--guest->window_count];
		return;
	}
	model_violate(guest->model, "memory_remove of 0x%llx, which was not added",
		      (unsigned long long)gpa);
}

static int trap_add(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size,
		    struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);
	uint64_t last = address + (size - 1);

	ENTER(guest, err, "trap_add bar %u %s 0x%llx 0x%llx", bar, io ? "io" : "memory",
	      (unsigned long long)address, (unsigned long long)size);
	if (last < address || last > (io ? 0xffff : guest->last_gpa))
		return pt_error_set(err, -ERANGE, "guest: no address 0x%llx",
				    (unsigned long long)address);
	for (unsigned i = 0; i < guest->trap_count; i++)
		if (guest->traps[i].bar == bar)
			model_violate(guest->model, "trap_add of BAR %u, which is in already", bar);
	if (guest->trap_count == GUEST_TRAPS)
		return pt_error_set(err, -ENOSPC, "guest: no more traps");
	guest->traps[guest->trap_count++] = (struct guest_trap){bar, io, address, size};
	return 0;
}

static void trap_remove(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size)
{
	struct guest *guest = to_guest(ctx);

	model_log(guest->model, "guest trap_remove bar %u 0x%llx", bar,
		  (unsigned long long)address);
	for (unsigned i = 0; i < guest->trap_count; i++) {
		const struct guest_trap *trap = &guest->traps[i];

		if (trap->bar != bar || trap->io != io || trap->address != address ||
		    trap->size != size)
			continue;
		guest->traps[i] = guest->traps[--guest->trap_count];
		return;
	}
	model_violate(guest->model, "trap_remove of BAR %u at 0x%llx, which was not added", bar,
		      (unsigned long long)address);
}

/* Vectors. */

static struct guest_vector *vector_of(struct guest *guest, unsigned vector)
{
	if (vector < MODEL_VECTORS)
		return &guest->vectors[vector];
	model_violate(guest->model, "vector %u", vector);
	return &guest->vectors[0];
}

static int vector_route(void *ctx, unsigned index, uint64_t address, uint32_t data,
			struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);
	struct guest_vector *vector = vector_of(guest, index);

	ENTER(guest, err, "vector_route %u 0x%llx 0x%x", index, (unsigned long long)address, data);
	vector->staged = true;
	vector->routed = true;
	vector->staged_address = address;
	vector->staged_data = data;
	return 0;
}

static int vectors_commit(void *ctx, struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);

	ENTER(guest, err, "vectors_commit");
	for (unsigned i = 0; i < MODEL_VECTORS; i++) {
		struct guest_vector *vector = &guest->vectors[i];

		if (!vector->staged)
			continue;
		vector->staged = false;
		vector->live = true;
		vector->address = vector->staged_address;
		vector->data = vector->staged_data;
	}
	return 0;
}

static void deliver(void *arg, int fd)
{
	struct guest_vector *vector = arg;

	(void)fd;
	vector->delivered++;
}

static int vector_connect(void *ctx, unsigned index, int fd, struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);
	struct guest_vector *vector = vector_of(guest, index);

	ENTER(guest, err, "vector_connect %u", index);
	if (!vector->live)
		model_violate(guest->model, "vector %u is connected without a committed route",
			      index);
	if (vector->staged)
		model_violate(guest->model, "vector %u is connected before its route is committed",
			      index);
	if (vector->fd >= 0)
		model_violate(guest->model, "vector %u is connected twice", index);
	guest->connected++;
	vector->fd = fd;
	model_listen(guest->model, fd, deliver, vector);
	return 0;
}

static void vector_disconnect(void *ctx, unsigned index, int fd)
{
	struct guest *guest = to_guest(ctx);
	struct guest_vector *vector = vector_of(guest, index);

	model_log(guest->model, "guest vector_disconnect %u", index);
	if (vector->fd != fd)
		model_violate(guest->model, "vector %u is disconnected from another descriptor",
			      index);
	else
		model_listen(guest->model, fd, NULL, NULL);
	guest->connected--;
	vector->fd = -1;
}

static void vector_unroute(void *ctx, unsigned index)
{
	struct guest *guest = to_guest(ctx);
	struct guest_vector *vector = vector_of(guest, index);

	model_log(guest->model, "guest vector_unroute %u", index);
	if (vector->fd >= 0)
		model_violate(guest->model, "vector %u loses its route while connected", index);
	if (!vector->routed)
		model_violate(guest->model, "vector %u loses a route that it has not", index);
	vector->routed = false;
	vector->live = false;
	vector->staged = false;
}

/* INTx. */

static void intx_assert(void *arg, int fd)
{
	struct guest *guest = arg;

	(void)fd;
	guest->asserted = true;
	guest->intx_count++;
}

static int intx_connect(void *ctx, unsigned pin, int trigger, int resample, struct pt_error *err)
{
	struct guest *guest = to_guest(ctx);

	ENTER(guest, err, "intx_connect %u", pin);
	if (guest->intx_connected)
		model_violate(guest->model, "INTx is connected twice");
	guest->intx_connected = true;
	guest->intx_pin = pin;
	guest->intx_trigger = trigger;
	guest->intx_resample = resample;
	model_listen(guest->model, trigger, intx_assert, guest);
	return 0;
}

static void intx_disconnect(void *ctx, unsigned pin, int trigger, int resample)
{
	struct guest *guest = to_guest(ctx);

	model_log(guest->model, "guest intx_disconnect %u", pin);
	if (!guest->intx_connected || guest->intx_pin != pin || guest->intx_trigger != trigger ||
	    guest->intx_resample != resample)
		model_violate(guest->model,
			      "INTx is disconnected from what it is not connected to");
	else
		model_listen(guest->model, trigger, NULL, NULL);
	guest->intx_connected = false;
	guest->asserted = false;
}

static void report(void *ctx, enum pt_severity severity, const struct pt_error *what)
{
	struct guest *guest = to_guest(ctx);

	model_log(guest->model, "guest report %s %d %s",
		  severity == PT_WARNING ? "warning" : "error", what->code, what->message);
	guest->severity = severity;
	guest->reports++;
	guest->report = *what;
}

const struct pt_guest_ops guest_ops = {
	.memory_add = memory_add,
	.memory_remove = memory_remove,
	.trap_add = trap_add,
	.trap_remove = trap_remove,
	.vector_route = vector_route,
	.vectors_commit = vectors_commit,
	.vector_connect = vector_connect,
	.vector_disconnect = vector_disconnect,
	.vector_unroute = vector_unroute,
	.intx_connect = intx_connect,
	.intx_disconnect = intx_disconnect,
	.report = report,
};

struct guest *guest_new(struct model *model)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		abort();
	guest->model = model;
	guest->last_gpa = (1ull << 46) - 1;
	guest->intx_trigger = guest->intx_resample = -1;
	for (unsigned i = 0; i < MODEL_VECTORS; i++)
		guest->vectors[i].fd = -1;
	return model_own(model, guest);
}

void guest_eoi(struct guest *guest)
{
	if (!guest->asserted)
		return;
	guest->asserted = false;
	model_signal(guest->model, guest->intx_resample);
}

void *guest_memory(const struct guest *guest, uint64_t gpa)
{
	for (unsigned i = 0; i < guest->window_count; i++)
		if (gpa >= guest->windows[i].gpa &&
		    gpa - guest->windows[i].gpa < guest->windows[i].size)
			return (char *)guest->windows[i].hva + (gpa - guest->windows[i].gpa);
	return NULL;
}

const struct guest_trap *guest_trap(const struct guest *guest, int io, uint64_t address)
{
	for (unsigned i = 0; i < guest->trap_count; i++)
		if (guest->traps[i].io == io && address >= guest->traps[i].address &&
		    address - guest->traps[i].address < guest->traps[i].size)
			return &guest->traps[i];
	return NULL;
}

unsigned guest_left(const struct guest *guest)
{
	unsigned left = guest->window_count + guest->trap_count + (guest->intx_connected ? 1 : 0);

	for (unsigned i = 0; i < MODEL_VECTORS; i++)
		left += (guest->vectors[i].routed ? 1u : 0) + (guest->vectors[i].fd >= 0 ? 1u : 0);
	return left;
}
