/* SPDX-License-Identifier: MIT */
/*
 * What the host refuses, by every way to have devices, with every call failing on top of it: whichever comes first is
 * returned and names the thing, looking for the cause is not in the way of saying that there is one, nothing is left, and
 * once the host has what was missing the same guest runs.
 */
#include "life.h"

#include <linux/vfio.h>

/* Ways to have devices: bits of their places in ways[]. */
#define CDEV	      1u
#define GROUP	      2u
#define NOIOMMU	      4u
#define NOIOMMU_GROUP 8u
#define VF	      16u /* and the function is a virtual one, of one that is on vfio-pci */

struct refusal {
	const char *name;
	unsigned ways;
	int code;
	const char *says; /* when nothing else fails */
	void (*on)(struct model *model, struct model_device *device);
	void (*off)(struct model *model, struct model_device *device);
	void (*ask)(struct life *life); /* makes the guest one that is refused; may be NULL */
};

/* As the kernel names them with an IOMMU and without. */
static const char *cdev_node(struct model *model)
{
	return model_host(model)->noiommu ? "/dev/vfio/devices/noiommu-vfio0"
					  : "/dev/vfio/devices/vfio0";
}

static const char *group_node(struct model *model)
{
	return model_host(model)->noiommu ? "/dev/vfio/noiommu-90" : "/dev/vfio/26";
}

static void hold(struct model *model, struct model_device *device)
{
	model_process(model, 4711, "qemu-system-x86", cdev_node(model));
	device->held = true;
}

static void hold_group(struct model *model, struct model_device *device)
{
	model_process(model, 4711, "crosvm", group_node(model));
	device->group_open = true;
}

static void own(struct model *model, struct model_device *device)
{
	(void)model;
	device->foreign_owner = true;
}

static void expose_interrupts(struct model *model, struct model_device *device)
{
	(void)model;
	device->unsafe_interrupts = true;
}

static void lock(struct model *model, struct model_device *device)
{
	(void)model;
	device->bind_eagain = 1000000;
}

static void unregister(struct model *model, struct model_device *device)
{
	(void)model;
	device->unregistered = true;
}

static void release(struct model *model, struct model_device *device)
{
	(void)model;
	device->held = device->group_open = device->foreign_owner = false;
	device->unsafe_interrupts = device->unregistered = false;
	device->bind_eagain = 0;
}

static void shut_node(struct model *model, struct model_device *device)
{
	(void)device;
	model_refuse(model, cdev_node(model), -EACCES);
}

static void open_node(struct model *model, struct model_device *device)
{
	(void)device;
	model_refuse(model, cdev_node(model), 0);
}

static void shut_group(struct model *model, struct model_device *device)
{
	(void)device;
	model_refuse(model, group_node(model), -EACCES);
}

static void open_group(struct model *model, struct model_device *device)
{
	(void)device;
	model_refuse(model, group_node(model), 0);
}

static void unload(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->no_type1 = true;
}

static void load(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->no_type1 = false;
}

static void limit_memory(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->memlock = 3 * LIFE_MIB;
}

static void allow_memory(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->memlock = UINT64_MAX;
}

static void limit_entries(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->dma_entries = 1;
}

static void allow_entries(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->dma_entries = 65535;
}

static void drop_privilege(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->no_rawio = true;
}

static void have_privilege(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->no_rawio = false;
}

static void ask_for_token(struct model *model, struct model_device *device)
{
	model_host(model)->bind_token = true;
	device->vf_token = "00112233-4455-6677-8899-aabbccddeeff";
}

static void ask_for_none(struct model *model, struct model_device *device)
{
	model_host(model)->bind_token = false;
	device->vf_token = NULL;
}

#define IOMMU_LINK "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/iommu"

/* Intel's would not. */
static void leave_caches(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->incoherent = true;
	model_put_link(model, IOMMU_LINK, "/sys/devices/virtual/iommu/smmu3.0x0000000009050000");
}

static void keep_caches(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->incoherent = false;
	model_put_link(model, IOMMU_LINK, "/sys/devices/virtual/iommu/dmar0");
}

/* A sibling of the group. */

#define SIBLING "0000:02:00.1"

/* The second function of the host. */
static struct model_device *sibling_of(struct model *model)
{
	return model_device(model, 1);
}

static void add_sibling(struct model *model, struct model_device *device)
{
	struct model_pci pci = model_nvme(SIBLING, 26);

	(void)device;
	pci.driver = NULL;
	model_add(model, &pci);
}

static void lend_sibling(struct model *model, struct model_device *device)
{
	add_sibling(model, device);
	model_drive(sibling_of(model), "e1000e");
}

static void free_sibling(struct model *model, struct model_device *device)
{
	(void)device;
	model_drive(sibling_of(model), NULL);
}

static void lend_it_late(struct life *life)
{
	model_drive(sibling_of(life->model), "e1000e");
}

static void ask_before(struct life *life)
{
	life->late = lend_it_late;
}

/* Descriptors of somebody else's. */

static void nothing(struct model *model, struct model_device *device)
{
	(void)model;
	(void)device;
}

static bool by_group(const struct life *life)
{
	return life->way->setup.backend == PT_BACKEND_GROUP;
}

static int handed_space(const struct life *life)
{
	return model_open(life->model, by_group(life) ? "/dev/vfio/vfio" : "/dev/iommu");
}

/* Bound to an iommufd, or in a container, that is not this guest's; which lives for as long as what is in it. */
static void hand_in_used(struct life *life)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind)};
	const struct pt_sys *sys = life->sys;
	int other = handed_space(life);

	life->device_fd = model_open(life->model, by_group(life) ? group_node(life->model)
								 : cdev_node(life->model));
	bind.iommufd = other;
	life->no_kvm = true; /* which is to be told before a bind */
	if (by_group(life))
		cr_assert_eq(
			sys->ioctl(sys->ctx, life->device_fd, VFIO_GROUP_SET_CONTAINER, &other), 0);
	else
		cr_assert_eq(sys->ioctl(sys->ctx, life->device_fd, VFIO_DEVICE_BIND_IOMMUFD, &bind),
			     0);
	model_close(life->model, other);
}

static void close_space(struct life *life)
{
	model_close(life->model, life->space_fd);
	life->space_fd = -1;
}

static void hand_in_closed(struct life *life)
{
	life->space_fd = handed_space(life);
	life->late = close_space;
}

/* Tokens. */

static void know_tokens(struct model *model, struct model_device *device)
{
	(void)device;
	model_host(model)->bind_token = true;
}

static void give_token(struct life *life)
{
	life->token = "2ab74924-c335-45f4-9b16-8569e5b08258";
}

static const struct refusal refusals[] = {
	{"no privilege", NOIOMMU | NOIOMMU_GROUP, -EPERM, "CAP_SYS_RAWIO", drop_privilege,
	 have_privilege, NULL},
	{"held", CDEV | NOIOMMU, -EINVAL, "qemu-system-x86 (pid 4711)", hold, release, NULL},
	{"group open", CDEV, -EBUSY, "crosvm (pid 4711)", hold_group, release, NULL},
	{"foreign owner", CDEV, -EPERM, "belongs to someone else", own, release, NULL},
	{"interrupts", CDEV, -EPERM, "not isolated", expose_interrupts, release, NULL},
	{"reset lock", CDEV | NOIOMMU, -EAGAIN, "being reset", lock, release, NULL},
	{"unregistered", CDEV | NOIOMMU, -ENODEV, "vfio0", unregister, release, NULL},
	{"no permission", CDEV | NOIOMMU, -EACCES, "vfio0", shut_node, open_node, NULL},
	{"token", CDEV | VF, -EACCES, "has to be given the VF token", ask_for_token, ask_for_none,
	 NULL},
	{"caches", CDEV, -EINVAL, "coherent", leave_caches, keep_caches, NULL},
	{"locked memory", CDEV, -ENOMEM, "IOVA 0x", limit_memory, allow_memory, NULL},
	{"held", GROUP, -EBUSY, "group 26", hold, release, NULL},
	{"group open", GROUP | NOIOMMU_GROUP, -EBUSY, "crosvm (pid 4711)", hold_group, release,
	 NULL},
	{"foreign owner", GROUP, -EBUSY, "another owner", own, release, NULL},
	{"interrupts", GROUP, -EPERM, "not isolated", expose_interrupts, release, NULL},
	{"reset lock", GROUP | NOIOMMU_GROUP, -EAGAIN, "being reset", lock, release, NULL},
	{"unregistered", GROUP | NOIOMMU_GROUP, -ENODEV, "/dev/vfio/", unregister, release, NULL},
	{"no permission", GROUP | NOIOMMU_GROUP, -EACCES, "/dev/vfio/", shut_group, open_group,
	 NULL},
	{"no driver for containers", GROUP, -ENODEV, "/dev/vfio/vfio", unload, load, NULL},
	{"token", GROUP | VF, -EACCES, "has to be given the VF token", ask_for_token, ask_for_none,
	 NULL},
	{"locked memory", GROUP, -ENOMEM, "IOVA 0x", limit_memory, allow_memory, NULL},
	{"entries", GROUP, -ENOSPC, "IOVA 0x", limit_entries, allow_entries, NULL},
	{"sibling", CDEV | GROUP, -EBUSY, SIBLING, lend_sibling, free_sibling, NULL},
	{"sibling at bind", CDEV | GROUP, -EPERM, SIBLING, add_sibling, free_sibling, ask_before},
	{"bound already", CDEV | NOIOMMU, -EINVAL, "is bound already", nothing, nothing,
	 hand_in_used},
	{"in a container already", GROUP | NOIOMMU_GROUP, -EINVAL, "in a container already",
	 nothing, nothing, hand_in_used},
	{"closed iommufd", CDEV | NOIOMMU, -EBADF, "/dev/iommu, is closed", nothing, nothing,
	 hand_in_closed},
	{"closed container", GROUP | NOIOMMU_GROUP, -EBADF, "container's descriptor is closed",
	 nothing, nothing, hand_in_closed},
	{"wrong token", CDEV | VF, -EACCES, "is not the one", ask_for_token, ask_for_none,
	 give_token},
	{"wrong token", GROUP | VF, -EACCES, "is not the one", ask_for_token, ask_for_none,
	 give_token},
	{"unwanted token", CDEV | NOIOMMU, -EINVAL, "takes no VF token", know_tokens, ask_for_none,
	 give_token},
	{"unwanted token", GROUP | NOIOMMU_GROUP, -EINVAL, "takes no VF token", nothing, nothing,
	 give_token},
	{"token for an older kernel", CDEV | VF, -EINVAL, "this kernel takes no VF token", nothing,
	 nothing, give_token},
};

struct host {
	struct model *model;
	struct model_device *device;
};

static struct host host_of(const struct way *way, const struct refusal *refusal)
{
	struct host host = {.model = model_new()};
	struct model_pci pci = model_nvme(LIFE_FIRST, 26);
	struct model_pci physfn = model_nvme("0000:01:00.0", 25);

	if (way->host)
		way->host(host.model);
	if (refusal->ways & VF)
		pci.physfn = physfn.bdf;
	host.device = model_add(host.model, &pci);
	physfn.sriov = true;
	if (refusal->ways & VF)
		model_add(host.model, &physfn);
	return host;
}

static int boot(struct life *life)
{
	int ret = life_boot(life, false);

	life_end(life);
	return ret;
}

static void again(const struct way *way, struct model *model, const char *what)
{
	struct life life;

	memset(model_fault(model), 0, sizeof(*model_fault(model)));
	life = life_new(model, way, LIFE_FIRST);
	cr_assert_eq(boot(&life), 0, "%s, and then not: %s", what, life.err.message);
	life_check_left(&life, what);
}

/* What came first, of the two. A file that does not know what a container is asked says ENOTTY or EINVAL. */
static bool is_first(const struct life *life, const struct refusal *refusal, int ret)
{
	const struct model_fault *fault = model_fault(life->model);

	if (ret == refusal->code)
		return true;
	if (!fault->fired)
		return false;
	return ret == life_fault_code(life) ||
	       (ret == -ENOTTY && fault->error == -EINVAL && refusal->ask == hand_in_closed);
}

/* Return: whether the fault fired; @n 0 for none. */
static bool refuse(const struct way *way, const struct refusal *refusal, unsigned n, int error)
{
	struct host host = host_of(way, refusal);
	struct life life = life_new(host.model, way, LIFE_FIRST);
	struct model_fault *fault = model_fault(host.model);
	char what[MODEL_TEXT * 2];
	bool fired;
	int ret;

	refusal->on(host.model, host.device);
	if (refusal->ask)
		refusal->ask(&life);
	*fault = (struct model_fault){.countdown = n, .error = error};
	ret = boot(&life);
	fired = fault->fired;
	if (life.device_fd >= 0)
		model_close(host.model, life.device_fd);
	if (life.space_fd >= 0)
		model_close(host.model, life.space_fd);
	(void)snprintf(what, sizeof(what), "%s by %s, call %u, %s", refusal->name, way->name, n,
		       fault->where);
	cr_assert(is_first(&life, refusal, ret), "%s: %d (%s)", what, ret, life.err.message);
	cr_assert_eq(life.err.code, ret);
	cr_assert(life_names_the_thing(&life, life.err.message), "%s: \"%s\"", what,
		  life.err.message);
	cr_assert(fired || strstr(life.err.message, refusal->says), "%s: \"%s\"", what,
		  life.err.message);
	life_check_left(&life, what);
	refusal->off(host.model, host.device);
	again(way, host.model, what);
	model_free(host.model);
	return fired;
}

static void refuse_all(const struct way *way)
{
	static const int errors[] = {-ENOMEM, -EIO, -EINVAL};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		unsigned n = 1;

		if (!(refusals[i].ways & 1u << (way - ways)))
			continue;
		(void)refuse(way, &refusals[i], 0, 0);
		for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++)
			for (n = 1; refuse(way, &refusals[i], n, errors[e]);)
				n++;
		printf("%s, %s: refused, and with each of %u calls failing\n", way->name,
		       refusals[i].name, n - 1);
	}
}

Test(sweep_refused, by_cdev)
{
	refuse_all(&ways[0]);
}

Test(sweep_refused, by_group)
{
	refuse_all(&ways[1]);
}

Test(sweep_refused, without_an_iommu)
{
	refuse_all(&ways[2]);
}

Test(sweep_refused, without_an_iommu_by_group)
{
	refuse_all(&ways[3]);
}
