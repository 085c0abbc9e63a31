/* SPDX-License-Identifier: MIT */
/*
 * struct driver_host: what drivers are taken and given back with. Looking at the host goes through struct pt_sys; what changes
 * it, or may take long, through the operations here, in whose place tests put a model, and a crash.
 */
#ifndef TENON_HOST_DRIVER_OPS_H
#define TENON_HOST_DRIVER_OPS_H

#include <passthrough/sys.h>

#include "host/journal.h"
#include "host/libvirt.h"

/**
 * struct driver_ops - what changes the host
 * @read, @write: limited_read() and limited_write()
 * @load_module: modprobe(8). Return: 0 or -errno, whether or not the module is there then.
 * @libvirt: libvirt_do()
 * @remember, @forget: journal_write() and journal_remove()
 */
struct driver_ops {
	int (*read)(void *ctx, const char *path, char *buf, size_t size, unsigned limit);
	int (*write)(void *ctx, const char *path, const char *text, unsigned limit);
	int (*load_module)(void *ctx, const char *name);
	int (*libvirt)(void *ctx, const char *uri, const char *name, enum libvirt_action action,
		       unsigned limit, struct pt_error *err);
	int (*remember)(void *ctx, const struct journal *journal,
			const struct journal_record *record, struct pt_error *err);
	int (*forget)(void *ctx, const struct journal *journal, const char *name,
		      struct pt_error *err);
};

extern const struct driver_ops driver_ops_linux;

/**
 * struct driver_host - a host whose devices are taken
 * @libvirt: URI of the libvirt that manages the host's devices; NULL: none does
 * @limit: milliseconds that one step may take
 * @say: what was done, in a line; may be NULL
 * @kernel_log: of kernel_log_open(), from before the first change; -1 for none
 */
struct driver_host {
	const struct pt_sys *sys;
	const struct driver_ops *ops;
	void *ctx;
	struct journal journal;
	const char *libvirt;
	unsigned limit;
	int kernel_log;
	void (*say)(void *ctx, const char *text);
	void *say_ctx;
};

/** driver_host_say() - one line for a person */
void driver_host_say(const struct driver_host *host, const char *fmt, ...) PT_PRINTF(2, 3);

#endif
