/* SPDX-License-Identifier: MIT */
/*
 * What the control socket can see of a guest and do to it; the machine has one (machine_target.h), tests have theirs.
 *
 * Everything is called on the thread that runs the loop.
 */
#ifndef TENON_CONTROL_TARGET_H
#define TENON_CONTROL_TARGET_H

#include <passthrough/passthrough.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct backend;
struct backends;

/** enum target_status - of the guest as a whole */
enum target_status {
	TARGET_RUNNING,
	TARGET_PAUSED,
	TARGET_SHUTDOWN,  /* the guest powered off, and is there until it is reset or told to end */
	TARGET_PRELAUNCH, /* there is no guest, only questions about what there could be */
};

/** enum target_kind - of a device; virtio's in the order of enum plan_virtio_kind */
enum target_kind {
	TARGET_PASSTHROUGH,
	TARGET_RNG,
	TARGET_DISK,
	TARGET_NET,
	TARGET_VSOCK,
	TARGET_BALLOON,
	TARGET_CONSOLE,
};

/**
 * struct target_device - a device of the guest's, passed through or virtio
 * @id: by which it is named; empty for a virtio device that has left
 * @host_name: its BDF or UUID on the host, a disk's path, a card's tap device
 * @bus, @slot, @function: where the guest finds it at power-on
 * @port: index of the root port that it is behind
 * @present: the guest has it; the rest is filled in only then, for one that is passed through
 * @state: "opened", "attached", "running" or "lost"
 * @stats: since it was given to the guest; accesses of the guest's that came here, and connected interrupts
 * @bars: as the guest has them, the expansion ROM last
 * @health: what is wrong with it, empty for nothing
 */
struct target_device {
	enum target_kind kind;
	const char *id;
	const char *host_name;
	unsigned bus;
	unsigned slot;
	unsigned function;
	unsigned port;
	bool present;
	const char *state;
	struct pt_function_stats stats;
	struct pt_bar bars[PT_BAR_ROM + 1];
	char health[PT_ERROR_MESSAGE_SIZE];
};

/** struct target_disk - a disk of the guest's; bytes, and how many requests it has done */
struct target_disk {
	const char *path;
	bool readonly;
	bool direct;
	uint64_t size;
	uint64_t read_bytes;
	uint64_t write_bytes;
	uint64_t reads;
	uint64_t writes;
	uint64_t flushes;
	uint64_t discards;
};

/**
 * struct target_chardev - where a serial line, a console or a channel ends
 * @filename: as QMP has it: "pty:/dev/pts/3", "unix:PATH,server=on", "stdio", "file" or "null"
 * @open: at the guest's end
 * @channel: a channel's name, empty where it has none; NULL: it is none
 */
struct target_chardev {
	const char *label;
	const char *filename;
	bool open;
	const char *channel;
};

/** struct target_peripheral - anything that the guest has under a name; @id: NULL when it has left; @type: as QMP calls it */
struct target_peripheral {
	const char *id;
	const char *type;
};

/** enum target_panic - what is done when the guest's kernel panics */
enum target_panic {
	TARGET_PANIC_NONE,  /* it is told */
	TARGET_PANIC_PAUSE, /* no vCPU runs on */
	TARGET_PANIC_END,
};

/**
 * struct target_request - a device that is to come
 * @kind: which option of the command line says it, without its dashes: "device", "disk"
 * @option: what the option takes
 * @fd: open descriptor of the device's node, 0 for none
 * @backend: what it uses, which learns the device's id; NULL for nothing that has a name. The device gets descriptors of its own
 * @iommufd: name of what it is to be attached to, NULL for what the guest's devices are
 */
struct target_request {
	const char *kind;
	const char *option;
	int fd;
	struct backend *backend;
	const char *iommufd;
};

/** struct target_cpu - @tid: its thread, 0 when it has none yet; @socket, @core in that, @thread in that; @node: of NUMA, -1 for none */
struct target_cpu {
	pid_t tid;
	unsigned socket;
	unsigned core;
	unsigned thread;
	int node;
};

/**
 * struct target_ops - @ctx is the target's
 * @name: the guest's, as the config has it
 * @status: running or not
 * @pause, @resume: no vCPU runs, or all do again. Nothing when it is so already.
 * @power_button: press it: the guest is asked to power off
 * @reset: as by a reset button
 * @quit: the run ends
 * @cpus: how many; @cpu: one of them
 * @devices: how many were given to the guest, gone ones included; @device: one of them
 * @disk: what there is to say of one that is a disk, and present
 * @dma: what is mapped for all devices together
 * @plug: bring a device; @done is called later, once, with NULL or what is wrong, unless this fails. A descriptor is taken over
 *	when it does not
 * @unplug: ask the guest for one. Errors: -ENODEV, -EALREADY.
 * @port_slot: the slot of a root port, by its id; 0 there is none
 * @iommufd_add: give an iommufd a name; a descriptor is taken over on success, with 0 it is opened when it is needed
 * @iommufd_del: close it; @done as of @plug. Errors: -ENOENT; -EBUSY a device is attached to it.
 * @pci_read: 1, 2 or 4 bytes of a function's configuration space as the guest has it; all ones where none is
 * @chardev: the @index'th end on the host, the serial line's first. Return: false behind the last.
 * @peripheral: the @index'th thing that has a name. Return: false behind the last.
 * @memory: bytes of it
 * @set_on_reboot, @set_on_power_off, @set_on_panic: from now on; a guest that restarts powers off; one that powered off stays
 */
struct target_ops {
	const char *(*name)(void *ctx);
	enum target_status (*status)(void *ctx);
	void (*pause)(void *ctx);
	void (*resume)(void *ctx);
	void (*power_button)(void *ctx);
	void (*reset)(void *ctx);
	void (*quit)(void *ctx);
	unsigned (*cpus)(void *ctx);
	void (*cpu)(void *ctx, unsigned index, struct target_cpu *ret_cpu);
	unsigned (*devices)(void *ctx);
	void (*device)(void *ctx, unsigned index, struct target_device *ret_device);
	void (*disk)(void *ctx, unsigned index, struct target_disk *ret_disk);
	struct pt_space_stats (*dma)(void *ctx);
	int (*plug)(void *ctx, const struct target_request *request,
		    void (*done)(void *ctx, const struct pt_error *err), void *done_ctx,
		    struct pt_error *err);
	int (*unplug)(void *ctx, unsigned index, struct pt_error *err);
	unsigned (*port_slot)(void *ctx, const char *id);
	int (*iommufd_add)(void *ctx, const char *id, int fd, struct pt_error *err);
	int (*iommufd_del)(void *ctx, const char *id,
			   void (*done)(void *ctx, const struct pt_error *err), void *done_ctx,
			   struct pt_error *err);
	uint32_t (*pci_read)(void *ctx, unsigned bus, unsigned devfn, unsigned offset,
			     unsigned size);
	bool (*chardev)(void *ctx, unsigned index, struct target_chardev *ret_chardev);
	bool (*peripheral)(void *ctx, unsigned index, struct target_peripheral *ret_peripheral);
	uint64_t (*memory)(void *ctx);
	void (*set_on_reboot)(void *ctx, bool ends);
	void (*set_on_power_off)(void *ctx, bool stays);
	void (*set_on_panic)(void *ctx, enum target_panic action);
};

/** struct target - @backends: what its devices use, by name */
struct target {
	const struct target_ops *ops;
	void *ctx;
	struct backends *backends;
};

#endif
