/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <inttypes.h>

#define COMMAND	       0x04
#define COMMAND_MEMORY 0x02u
#define GIB	       (1ull << 30)

void rig_new(struct rig *rig, const struct model_pci *pci)
{
	memset(rig, 0, sizeof(*rig));
	rig->model = model_new();
	rig->host = model_add(rig->model, pci);
	rig->guest = guest_new(rig->model);
}

int rig_up(struct rig *rig, const struct pt_function_setup *setup)
{
	const char *bdf = rig->host->pci.bdf;
	int r = pt_space_open(model_sys(rig->model), NULL, &rig->space, &rig->err);

	if (r == 0)
		r = pt_device_open(rig->space, bdf, NULL, &rig->device, &rig->err);
	if (r == 0)
		r = pt_device_attach(rig->device, &rig->err);
	if (r == 0)
		r = pt_function_create(rig->device, setup, &guest_ops, rig->guest, &rig->function,
				       &rig->err);
	if (r == 0)
		r = pt_function_start(rig->function, &rig->err);
	return r;
}

static void require_clean(const struct rig *rig)
{
	const char *violation = model_violation(rig->model);

	rig_require(rig, !violation, "%s", violation);
}

static const struct guest_trap *trap_of(const struct rig *rig, unsigned bar)
{
	for (unsigned i = 0; i < rig->guest->trap_count; i++) {
		if (rig->guest->traps[i].bar == bar)
			return &rig->guest->traps[i];
	}
	return NULL;
}

static bool within(const struct guest_window *window, const struct pt_bar *bar)
{
	return window->gpa >= bar->address && window->size <= bar->size &&
	       window->gpa - bar->address <= bar->size - window->size;
}

/* A guest may put BARs over one another; one of them gets the window. */
static void check_window(const struct rig *rig, const struct guest_window *window)
{
	for (unsigned i = 0; i <= PT_BAR_ROM; i++) {
		struct pt_bar bar = pt_function_bar(rig->function, i);
		uint64_t alignment = bar.size < GIB ? bar.size : GIB;

		if (bar.mapped && bar.kind != PT_BAR_IO && within(window, &bar) &&
		    ((uintptr_t)window->hva - window->gpa) % alignment == 0)
			return;
	}
	rig_require(rig, false, "no BAR has memory at 0x%" PRIx64 " that is congruent with %p",
		    window->gpa, window->hva);
}

/* Where the guest's registers have the BAR. */
static uint64_t register_of(const struct rig *rig, unsigned i, const struct pt_bar *bar)
{
	uint64_t low =
		pt_function_config_read(rig->function, i == PT_BAR_ROM ? 0x30 : 0x10 + 4 * i, 4);

	if (i == PT_BAR_ROM)
		return low & ~0x7ffull;
	if (bar->kind == PT_BAR_IO)
		return low & ~3ull;
	if (bar->kind == PT_BAR_MEM64)
		low |= (uint64_t)pt_function_config_read(rig->function, 0x14 + 4 * i, 4) << 32;
	return low & ~15ull;
}

static void check_bars(const struct rig *rig)
{
	bool lost = pt_device_state(rig->device) == PT_DEVICE_LOST;
	bool decodes = model_device_config(rig->host, COMMAND, 2) & COMMAND_MEMORY &&
		       rig->host->power_state == 0;

	for (unsigned i = 0; i <= PT_BAR_ROM; i++) {
		struct pt_bar bar = pt_function_bar(rig->function, i);
		const struct guest_trap *trap = trap_of(rig, i);

		rig_require(rig, !trap == !bar.mapped, "BAR %u: trapped is %d, mapped is %d", i,
			    !!trap, bar.mapped);
		rig_require(rig, !trap || (trap->address == bar.address && trap->size == bar.size),
			    "BAR %u is trapped elsewhere", i);
		rig_require(rig, !bar.mapped || lost || register_of(rig, i, &bar) == bar.address,
			    "BAR %u is at 0x%" PRIx64 ", its register says 0x%" PRIx64, i,
			    bar.address, register_of(rig, i, &bar));
	}
	for (unsigned i = 0; i < rig->guest->window_count; i++)
		check_window(rig, &rig->guest->windows[i]);
	/* What a dead device decodes nobody knows. */
	rig_require(rig, rig->guest->window_count == 0 || decodes || rig->host->dead,
		    "the guest has memory of a device that does not decode");
}

static void check_irqs(const struct rig *rig)
{
	struct pt_function_stats stats = pt_function_stats(rig->function);
	unsigned connected = rig->guest->connected;

	rig_require(rig, !!stats.intx + !!stats.msi_vectors + !!stats.msix_vectors <= 1,
		    "INTx %d, MSI %u and MSI-X %u at once", stats.intx, stats.msi_vectors,
		    stats.msix_vectors);
	rig_require(rig, !!stats.intx == rig->guest->intx_connected, "INTx is %d, the guest's %d",
		    stats.intx, rig->guest->intx_connected);
	/* The host may have granted fewer. */
	rig_require(rig, connected >= stats.msi_vectors + stats.msix_vectors,
		    "%u vectors are connected, the function says %u", connected,
		    stats.msi_vectors + stats.msix_vectors);
}

void rig_check(const struct rig *rig)
{
	require_clean(rig);
	if (!rig->function)
		return;
	check_bars(rig);
	check_irqs(rig);
}

void rig_down(struct rig *rig)
{
	char text[1024];
	unsigned leaks;

	pt_function_destroy(rig->function);
	rig_require(rig, guest_left(rig->guest) == 0, "the guest has %u things left",
		    guest_left(rig->guest));
	pt_device_close(rig->device);
	pt_space_close(rig->space);
	require_clean(rig);
	leaks = model_leaks(rig->model, text, sizeof(text));
	rig_require(rig, leaks == 0, "left: %s", text);
	model_free(rig->model);
}

struct pt_function_setup rig_setup(const struct model_pci *pci)
{
	struct pt_function_setup setup = {.root_bus = 0};
	uint64_t low = 0xc0000000, high = 1ull << 40, io = 0x1000;

	for (unsigned i = 0; i < PT_BARS; i++) {
		const struct model_bar *bar = &pci->bars[i];
		uint64_t *next = bar->io ? &io : bar->is_64bit ? &high : &low;

		if (bar->size == 0)
			continue;
		*next = (*next + bar->size - 1) & ~(bar->size - 1);
		setup.bar_address[i] = *next;
		*next += bar->size;
	}
	return setup;
}
