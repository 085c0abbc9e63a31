/* SPDX-License-Identifier: MIT */
/*
 * BARs as memory for the other devices of the guest: peer-to-peer DMA.
 *
 * Invariant: what of a BAR is memory in the guest is mapped in the space at the same address, where
 * the kernel can do that. It is mapped after the device decodes and unmapped before it stops: the
 * kernel would cut a mapping off then, and not bring it back. A BAR that cannot be mapped is no
 * failure, the guest's driver is only without that path; it is reported once, since a guest can turn
 * decoding on and off as often as it likes.
 */
#include <inttypes.h>

#include "function_internal.h"

static void warn_of_none(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;

	if (!pt_space_first_without_peers(function->device->space))
		return;
	pt_error_set(&err, -EOPNOTSUPP,
		     "%s: peer-to-peer DMA between the guest's devices does not work: this kernel "
		     "cannot map one device's BARs for another",
		     pt_device_name(function->device));
	pt_error_remedy(
		&err, -EOPNOTSUPP,
		"Linux 6.19 or newer with CONFIG_VFIO_PCI_DMABUF has it, and so has the group "
		"backend; without it, data goes by the guest's memory");
	pt_warn(function, &err);
}

static bool first_of_bar(struct pt_function *function, unsigned i)
{
	bool first = !function->bars[i].peer_reported;

	function->bars[i].peer_reported = true;
	return first;
}

static void warn_of_bar(struct pt_function *function, unsigned i, struct pt_error *err)
{
	(void)pt_error_prefix(err, err->code, "%s: BAR %u: other devices cannot reach it",
			      pt_device_name(function->device), i);
	if (first_of_bar(function, i))
		pt_warn(function, err);
}

/* The kernel has cut them off, or will when decoding ends; what is left is the range. */
static void report_left(struct pt_function *function, unsigned i, struct pt_error *err)
{
	(void)pt_error_prefix(err, err->code, "%s: BAR %u", pt_device_name(function->device), i);
	if (first_of_bar(function, i))
		pt_report(function, err);
}

void pt_peers_add(struct pt_function *function, unsigned i)
{
	struct pt_function_bar *bar = &function->bars[i];
	struct pt_error err = PT_ERROR_INIT;

	/* What a mediated device shows is its driver's, in memory or nowhere: no device's DMA could reach it. */
	if (!function->setup.peer_to_peer || function->device->host.mediated)
		return;
	for (unsigned p = 0; p < bar->pieces_added; p++) {
		const struct pt_area *piece = &bar->pieces[p];
		int r;

		if (bar->peer_pieces & 1u << p)
			continue;
		r = pt_space_map_bar(function->device, PT_REGION_BAR0 + i, piece,
				     (char *)bar->base + piece->offset,
				     bar->bar.address + piece->offset, &err);

		if (r == 0) {
			bar->peer_pieces |= 1u << p;
			continue;
		}
		if (r == -EOPNOTSUPP)
			warn_of_none(function);
		else
			warn_of_bar(function, i, &err);
		return;
	}
}

void pt_peers_remove(struct pt_function *function, unsigned i)
{
	struct pt_function_bar *bar = &function->bars[i];
	struct pt_error err = PT_ERROR_INIT;

	for (unsigned p = 0; bar->peer_pieces != 0; p++) {
		const struct pt_area *piece = &bar->pieces[p];

		if (!(bar->peer_pieces & 1u << p))
			continue;
		bar->peer_pieces &= ~(1u << p);
		if (pt_space_unmap_bar(function->device->space, bar->bar.address + piece->offset,
				       piece->size, &err) < 0)
			report_left(function, i, &err);
	}
}

PT_PUBLIC void pt_function_set_peers(struct pt_function *function, int on)
{
	function->setup.peer_to_peer = on;
	for (unsigned i = 0; i < PT_BAR_COUNT; i++) {
		if (!on)
			pt_peers_remove(function, i);
		else if (function->bars[i].bar.mapped)
			pt_peers_add(function, i);
	}
}
