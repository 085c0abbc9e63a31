/* SPDX-License-Identifier: MIT */
/* Which kind of interrupt a function uses, and INTx. VFIO enables only one kind at a time. */
#include "function_internal.h"
#include "vfio_ioctl.h"

static void intx_close(struct pt_function *function)
{
	pt_close_fd(function->sys, &function->intx.trigger);
	pt_close_fd(function->sys, &function->intx.resample);
}

static void intx_stop(struct pt_function *function)
{
	pt_device_irq_disable(function->device, PT_IRQ_INTX);
	function->ops->intx_disconnect(function->ctx, function->pin, function->intx.trigger,
				       function->intx.resample);
	intx_close(function);
}

/*
 * Level-triggered: VFIO masks the line when it signals @trigger (AUTOMASKED), the embedder asserts
 * the guest's; at the guest's EOI @resample is signalled and VFIO unmasks, which signals anew if
 * the device still asserts.
 */
static int intx_start(struct pt_function *function, struct pt_error *err)
{
	const struct pt_sys *sys = function->sys;
	struct pt_intx *intx = &function->intx;
	struct pt_error refused = PT_ERROR_INIT;
	int r;

	intx->trigger = sys->eventfd(sys->ctx);
	intx->resample = intx->trigger >= 0 ? sys->eventfd(sys->ctx) : -1;
	if (intx->trigger < 0 || intx->resample < 0) {
		r = intx->trigger < 0 ? intx->trigger : intx->resample;
		intx_close(function);
		return pt_error_set(err, r, "%s: making eventfds for INTx: %s",
				    pt_device_name(function->device), strerror(-r));
	}
	r = function->ops->intx_connect(function->ctx, function->pin, intx->trigger, intx->resample,
					err);
	if (r < 0) {
		intx_close(function);
		return pt_error_prefix(err, r, "%s: connecting INTx",
				       pt_device_name(function->device));
	}
	r = pt_device_irq_set(function->device, PT_IRQ_INTX, 0, 1, &intx->trigger, &refused);
	if (r == 0) {
		r = pt_device_irq_unmask_fd(function->device, intx->resample, &refused);
		intx->by_hand = r == -ENOTTY;
	}
	if (r < 0 && !intx->by_hand) {
		intx_stop(function);
		if (err)
			*err = refused;
		return r;
	}
	return 0;
}

void pt_intx_poll(struct pt_function *function)
{
	const struct pt_sys *sys = function->sys;
	uint64_t count;

	if (function->mode != PT_MODE_INTX || !function->intx.by_hand ||
	    sys->read(sys->ctx, function->intx.resample, &count, sizeof(count)) < 0)
		return;
	(void)vfio_irq_unmask(sys, function->device->fd, PT_IRQ_INTX);
}

static void leave(struct pt_function *function)
{
	switch (function->mode) {
	case PT_MODE_INTX:
		intx_stop(function);
		break;
	case PT_MODE_MSI:
		pt_vectors_stop(function, &function->msi.vectors);
		break;
	case PT_MODE_MSIX:
		pt_vectors_stop(function, &function->msix.vectors);
		break;
	case PT_MODE_NONE:
		break;
	}
	function->mode = PT_MODE_NONE;
}

/* PCI 3.0, 6.8.3.3: a function with MSI or MSI-X enabled does not use its pin. Both at once is
 * undefined. */
static enum pt_irq_mode wanted_mode(const struct pt_function *function)
{
	if (!function->running)
		return PT_MODE_NONE;
	if (pt_msix_enabled(function))
		return PT_MODE_MSIX;
	if (pt_msi_enabled(function))
		return PT_MODE_MSI;
	return function->pin != 0 ? PT_MODE_INTX : PT_MODE_NONE;
}

static int enter(struct pt_function *function, enum pt_irq_mode mode, struct pt_error *err)
{
	int r = 0;

	function->mode = mode;
	if (mode == PT_MODE_MSIX)
		pt_vectors_start(function, &function->msix.vectors, 1);
	else if (mode == PT_MODE_MSI)
		pt_vectors_start(function, &function->msi.vectors, pt_msi_allowed(function));
	else if (mode == PT_MODE_INTX)
		r = intx_start(function, err);
	if (r < 0)
		function->mode = PT_MODE_NONE;
	return r;
}

int pt_irq_sync(struct pt_function *function, struct pt_error *err)
{
	enum pt_irq_mode mode = wanted_mode(function);

	if (mode != function->mode) {
		leave(function);
		return enter(function, mode, err);
	}
	if (mode == PT_MODE_MSIX)
		pt_vectors_sync(function, &function->msix.vectors, 0, function->msix.vectors.count);
	else if (mode == PT_MODE_MSI)
		pt_vectors_sync(function, &function->msi.vectors, 0, function->msi.vectors.count);
	return 0;
}

void pt_irq_stop(struct pt_function *function)
{
	leave(function);
}
