/* SPDX-License-Identifier: MIT */
/*
 * A guest for the control socket that only remembers what was asked of it.
 */
#ifndef FAKE_TARGET_H
#define FAKE_TARGET_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/backends.h"
#include "control/target.h"

#define FAKE_TARGET_BUSES 2

struct fake_target {
	bool paused;
	bool present;
	int plug_result;
	void (*plug_done)(void *ctx, const struct pt_error *err);
	void *plug_ctx;
	int unplug_result;
	int plug_fd; /* that came with it */
	char iommufd[64];
	int iommufd_fd;
	int iommufd_result;
	char did[128];				/* what was asked, in words */
	uint8_t config[FAKE_TARGET_BUSES][256]; /* of device 1 of bus 0, and device 0 of bus 1 */
	struct backends backends;
	bool has_disk; /* in place of the nic */
	struct target target;
};

static inline void fake_did(void *ctx, const char *what)
{
	struct fake_target *fake = ctx;

	strncat(fake->did, what, sizeof(fake->did) - strlen(fake->did) - 1);
}

static inline const char *fake_name(void *ctx)
{
	(void)ctx;
	return "fake";
}

static inline enum target_status fake_status(void *ctx)
{
	return ((struct fake_target *)ctx)->paused ? TARGET_PAUSED : TARGET_RUNNING;
}

static inline void fake_pause(void *ctx)
{
	((struct fake_target *)ctx)->paused = true;
}

static inline void fake_resume(void *ctx)
{
	((struct fake_target *)ctx)->paused = false;
}

static inline void fake_power(void *ctx)
{
	fake_did(ctx, "power ");
}

static inline void fake_reset(void *ctx)
{
	fake_did(ctx, "reset ");
}

static inline void fake_quit(void *ctx)
{
	fake_did(ctx, "quit ");
}

static inline unsigned fake_cpus(void *ctx)
{
	(void)ctx;
	return 2;
}

static inline void fake_cpu(void *ctx, unsigned index, struct target_cpu *ret_cpu)
{
	(void)ctx;
	*ret_cpu = (struct target_cpu){
		.tid = 100 + (pid_t)index, .socket = 1, .core = index, .node = index ? 3 : -1};
}

static inline unsigned fake_devices(void *ctx)
{
	(void)ctx;
	return 1;
}

static inline void fake_device(void *ctx, unsigned index, struct target_device *ret_device)
{
	(void)index;
	*ret_device = (struct target_device){
		.kind = TARGET_PASSTHROUGH,
		.id = "nic",
		.host_name = "0000:02:00.0",
		.bus = 1,
		.present = ((struct fake_target *)ctx)->present,
		.state = "running",
		.stats = {.msix_vectors = 5, .config_accesses = 40, .bar_accesses = 7},
		.bars = {[0] = {PT_BAR_MEM64, 1, 1, 0x4000, 0x800000000}},
		.health = "it is warm",
	};
	if (((struct fake_target *)ctx)->has_disk)
		*ret_device = (struct target_device){
			.kind = TARGET_DISK, .id = "disk7", .host_name = "/a.img", .present = true};
}

static inline void fake_disk(void *ctx, unsigned index, struct target_disk *ret_disk)
{
	(void)ctx, (void)index;
	*ret_disk = (struct target_disk){.path = "/a.img", .size = 1 << 20, .reads = 3};
}

static inline struct pt_space_stats fake_dma(void *ctx)
{
	(void)ctx;
	return (struct pt_space_stats){.maps = 2, .bytes = 1u << 30, .by_file = 2};
}

/* Done by the test, with @plug_done and @plug_ctx. */
static inline int fake_plug(void *ctx, const struct target_request *request,
			    void (*done)(void *ctx, const struct pt_error *err), void *done_ctx,
			    struct pt_error *err)
{
	struct fake_target *fake = ctx;

	fake_did(ctx, "plug ");
	if (strcmp(request->kind, "device") != 0) {
		fake_did(ctx, request->kind);
		fake_did(ctx, " ");
	}
	fake_did(ctx, request->option);
	if (request->iommufd) {
		fake_did(ctx, " in ");
		fake_did(ctx, request->iommufd);
	}
	fake->plug_done = done;
	fake->plug_ctx = done_ctx;
	if (fake->plug_result)
		return pt_error_set(err, fake->plug_result, "no room");
	if (request->backend)
		(void)snprintf(request->backend->device, sizeof(request->backend->device), "disk7");
	fake->plug_fd = request->fd;
	return 0;
}

static inline unsigned fake_port_slot(void *ctx, const char *id)
{
	(void)ctx;
	return strcmp(id, "pci.3") == 0 ? 3 : 0;
}

static inline int fake_iommufd_add(void *ctx, const char *id, int fd, struct pt_error *err)
{
	struct fake_target *fake = ctx;

	if (fake->iommufd_result)
		return pt_error_set(err, fake->iommufd_result, "no iommufd");
	(void)snprintf(fake->iommufd, sizeof(fake->iommufd), "%s", id);
	fake->iommufd_fd = fd;
	return 0;
}

/* Done by the test too. */
static inline int fake_iommufd_del(void *ctx, const char *id,
				   void (*done)(void *ctx, const struct pt_error *err),
				   void *done_ctx, struct pt_error *err)
{
	struct fake_target *fake = ctx;

	if (strcmp(fake->iommufd, id) != 0)
		return pt_error_set(err, -ENOENT, "object '%s' not found", id);
	fake->plug_done = done;
	fake->plug_ctx = done_ctx;
	return 0;
}

static inline int fake_unplug(void *ctx, unsigned index, struct pt_error *err)
{
	struct fake_target *fake = ctx;

	(void)index;
	fake_did(ctx, "unplug ");
	return fake->unplug_result ? pt_error_set(err, fake->unplug_result, "no") : 0;
}

static inline uint32_t fake_pci_read(void *ctx, unsigned bus, unsigned devfn, unsigned offset,
				     unsigned size)
{
	const struct fake_target *fake = ctx;
	uint32_t value = UINT32_MAX >> (32 - size * 8);

	if (bus < FAKE_TARGET_BUSES && devfn == (bus ? 0 : 8u) && offset + size <= 256)
		memcpy(&value, &fake->config[bus][offset], size);
	return value;
}

/* A serial line, and a channel that the guest has not open. */
static inline bool fake_chardev(void *ctx, unsigned index, struct target_chardev *ret_chardev)
{
	static const struct target_chardev list[] = {
		{"serial0", "pty:/dev/pts/7", true, NULL},
		{"charchannel0", "unix:/run/agent,server=on", false, "org.example.agent"},
	};

	(void)ctx;
	if (index >= sizeof(list) / sizeof(list[0]))
		return false;
	*ret_chardev = list[index];
	return true;
}

/* A serial line, a device that may have left, and a balloon. */
static inline bool fake_peripheral(void *ctx, unsigned index,
				   struct target_peripheral *ret_peripheral)
{
	const struct fake_target *fake = ctx;
	const struct target_peripheral list[] = {
		{"serial0", "isa-serial"},
		{fake->present ? "nic" : NULL, "vfio-pci"},
		{"balloon0", "virtio-balloon-pci"},
	};

	if (index >= sizeof(list) / sizeof(list[0]))
		return false;
	*ret_peripheral = list[index];
	return true;
}

static inline uint64_t fake_memory(void *ctx)
{
	(void)ctx;
	return 1u << 30;
}

static inline void fake_set_on_reboot(void *ctx, bool ends)
{
	fake_did(ctx, ends ? "reboot ends " : "reboot resets ");
}

static inline void fake_set_on_power_off(void *ctx, bool stays)
{
	fake_did(ctx, stays ? "stays " : "goes ");
}

static inline void fake_set_on_panic(void *ctx, enum target_panic action)
{
	static const char *const names[] = {"none ", "pause ", "end "};

	fake_did(ctx, "on panic ");
	fake_did(ctx, names[action]);
}

static const struct target_ops fake_target_ops = {
	.name = fake_name,
	.status = fake_status,
	.pause = fake_pause,
	.resume = fake_resume,
	.power_button = fake_power,
	.reset = fake_reset,
	.quit = fake_quit,
	.cpus = fake_cpus,
	.cpu = fake_cpu,
	.devices = fake_devices,
	.device = fake_device,
	.disk = fake_disk,
	.dma = fake_dma,
	.plug = fake_plug,
	.unplug = fake_unplug,
	.port_slot = fake_port_slot,
	.iommufd_add = fake_iommufd_add,
	.iommufd_del = fake_iommufd_del,
	.pci_read = fake_pci_read,
	.chardev = fake_chardev,
	.peripheral = fake_peripheral,
	.memory = fake_memory,
	.set_on_reboot = fake_set_on_reboot,
	.set_on_power_off = fake_set_on_power_off,
	.set_on_panic = fake_set_on_panic,
};

static inline void fake_target_init(struct fake_target *fake)
{
	*fake = (struct fake_target){.present = true};
	fake->target =
		(struct target){.ops = &fake_target_ops, .ctx = fake, .backends = &fake->backends};
	memset(fake->config, 0, sizeof(fake->config));
}

#endif
