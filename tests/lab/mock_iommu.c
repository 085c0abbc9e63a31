/* SPDX-License-Identifier: MIT */
/* Source: drivers/iommu/iommufd/iommufd_test.h, Linux 6.12 to 7.3. */
#include "mock_iommu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's tests' own interface, which no header of the system has. */
#define TEST_CMD	   _IO(IOMMUFD_TYPE, 0xa0)
#define TEST_CHECK_MAP	   3
#define TEST_REPLACE	   10
#define TEST_MOCK_FLAGS	   12
#define TEST_DIRTY	   13
#define TEST_FLAG_NO_DIRTY 1u
#define TEST_PAGE	   2048ull /* the mock's, half of the processor's */

struct test_command {
	uint32_t size;
	uint32_t op;
	uint32_t id;
	uint32_t reserved;
	union {
		struct {
			uint32_t id, pt, devid, flags;
		} mock;
		struct {
			uint32_t pt;
		} replace;
		struct {
			uint64_t iova, size, hva;
		} check_map;
		struct {
			uint32_t flags;
			uint64_t iova, size, page_size, bitmap, count;
		} dirty;
	};
	uint32_t last;
};

#define HWPTS 64

static struct {
	struct model *model;
	const struct pt_sys *model_sys;
	struct pt_sys sys;
	int iommufd;	  /* the real one, -1 while it is not open */
	int stand_in;	  /* the model's, which the library has in its place */
	uint32_t nowhere; /* an IOAS for devices that are attached to none */
	unsigned kept;	  /* objects that could not be destroyed */
	unsigned count;
	struct mock_device devices[MOCK_DEVICES];
	unsigned kinds[HWPTS]; /* of IOMMU, by the number of the page table */
} mock;

int mock_ioctl(unsigned long request, void *arg)
{
	return ioctl(mock.iommufd, request, arg) < 0 ? -errno : 0;
}

static int test(struct test_command *cmd)
{
	cmd->size = sizeof(*cmd);
	return mock_ioctl(TEST_CMD, cmd);
}

static struct mock_device *find(int fd)
{
	for (unsigned i = 0; i < mock.count; i++)
		if (mock.devices[i].fd == fd)
			return &mock.devices[i];
	return NULL;
}

static int open_iommufd(void)
{
	mock.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	cr_assert_geq(mock.iommufd, 0, "/dev/iommu: %s", strerror(errno));
	return mock.stand_in;
}

static int mock_open(void *ctx, const char *path, int flags)
{
	int fd = mock.model_sys->open(ctx, path, flags);
	unsigned index;

	if (fd >= 0 && !strcmp(path, "/dev/iommu")) {
		mock.stand_in = fd;
		return open_iommufd();
	}
	if (fd >= 0 && sscanf(path, "/dev/vfio/devices/vfio%u", &index) == 1)
		mock.devices[index].fd = fd;
	return fd;
}

static void destroy(uint32_t id)
{
	struct iommu_destroy arg = {.size = sizeof(arg), .id = id};

	mock.kept += mock_ioctl(IOMMU_DESTROY, &arg) != 0;
}

static int mock_close(void *ctx, int fd)
{
	struct mock_device *device = find(fd);

	if (device && device->id)
		destroy(device->id);
	if (device)
		*device = (struct mock_device){
			.no_dirty = device->no_dirty, .iommu = device->iommu, .fd = -1};
	if (fd == mock.stand_in) {
		(void)close(mock.iommufd);
		mock.iommufd = mock.stand_in = -1;
	}
	return mock.model_sys->close(ctx, fd);
}

/* The mock begins its life attached; somewhere it has to be. */
static int bind(void *ctx, struct mock_device *device, struct vfio_device_bind_iommufd *arg)
{
	int r = mock.model_sys->ioctl(ctx, device->fd, VFIO_DEVICE_BIND_IOMMUFD, arg);
	struct iommu_ioas_alloc nowhere = {.size = sizeof(nowhere)};
	struct test_command cmd = {.op = TEST_MOCK_FLAGS};

	if (r < 0)
		return r;
	if (!mock.nowhere) {
		cr_assert_eq(mock_ioctl(IOMMU_IOAS_ALLOC, &nowhere), 0);
		mock.nowhere = nowhere.out_ioas_id;
	}
	cmd.id = mock.nowhere;
	cmd.mock.flags = device->no_dirty ? TEST_FLAG_NO_DIRTY : 0;
	r = test(&cmd);
	cr_assert_eq(r, 0, "a mock device: %s", strerror(-r));
	device->id = cmd.mock.id;
	device->devid = arg->out_devid = cmd.mock.devid;
	return 0;
}

int mock_attach(struct mock_device *device, uint32_t pt)
{
	struct test_command cmd = {.op = TEST_REPLACE, .id = device->id, .replace = {pt}};
	int r;

	if (pt < HWPTS && mock.kinds[pt] && mock.kinds[pt] != device->iommu + 1)
		return -EINVAL;
	r = test(&cmd);
	if (r == 0)
		device->pt = cmd.replace.pt;
	return r;
}

/* An entry for each page, however memory lies: a bit stands for what an entry maps. */
static void no_large_pages(uint32_t ioas)
{
	struct iommu_option arg = {
		.size = sizeof(arg),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = IOMMU_OPTION_OP_SET,
		.object_id = ioas,
	};

	cr_assert_eq(mock_ioctl(IOMMU_OPTION, &arg), 0);
}

static int iommufd_ioctl(unsigned long request, void *arg)
{
	struct iommu_hwpt_alloc *alloc = arg;
	int r = mock_ioctl(request, arg);

	mock.kept += request == IOMMU_DESTROY && r != 0;
	if (r == 0 && request == IOMMU_IOAS_ALLOC)
		no_large_pages(((struct iommu_ioas_alloc *)arg)->out_ioas_id);
	if (r != 0 || request != IOMMU_HWPT_ALLOC || alloc->out_hwpt_id >= HWPTS)
		return r;
	for (unsigned i = 0; i < mock.count; i++)
		if (mock.devices[i].devid == alloc->dev_id)
			mock.kinds[alloc->out_hwpt_id] = mock.devices[i].iommu + 1;
	return r;
}

static int mock_sys_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	struct mock_device *device = find(fd);

	if (fd == mock.stand_in)
		return iommufd_ioctl(request, arg);
	if (device && request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind(ctx, device, arg);
	if (device && request == VFIO_DEVICE_ATTACH_IOMMUFD_PT)
		return mock_attach(device, ((struct vfio_device_attach_iommufd_pt *)arg)->pt_id);
	if (device && request == VFIO_DEVICE_DETACH_IOMMUFD_PT)
		return mock_attach(device, mock.nowhere);
	return mock.model_sys->ioctl(ctx, fd, request, arg);
}

struct mock_device *mock_new(unsigned count, const struct pt_sys **ret_sys)
{
	char name[PT_NAME_SIZE];

	memset(&mock, 0, sizeof(mock));
	mock.model = model_new();
	mock.model_sys = model_sys(mock.model);
	mock.sys = *mock.model_sys;
	mock.sys.open = mock_open;
	mock.sys.close = mock_close;
	mock.sys.ioctl = mock_sys_ioctl;
	mock.iommufd = mock.stand_in = -1;
	mock.count = count;
	for (unsigned i = 0; i < count; i++) {
		struct model_pci pci;

		(void)snprintf(name, sizeof(name), "0000:%02x:00.0", i + 1);
		pci = model_nvme(name, 20 + (int)i);
		(void)model_add(mock.model, &pci);
		mock.devices[i].fd = -1;
	}
	*ret_sys = &mock.sys;
	return mock.devices;
}

void mock_done(void)
{
	char text[1024];

	cr_assert_eq(model_leaks(mock.model, text, sizeof(text)), 0, "left: %s", text);
	cr_assert_null(model_violation(mock.model), "%s", model_violation(mock.model));
	cr_assert_eq(mock.kept, 0, "%u objects of the iommufd were still in use", mock.kept);
	model_free(mock.model);
}

int mock_write(const struct mock_device *device, uint64_t iova)
{
	const uint64_t bitmap = 1;
	struct test_command cmd = {.op = TEST_DIRTY, .id = device->pt};

	cmd.dirty.iova = iova;
	cmd.dirty.size = cmd.dirty.page_size = TEST_PAGE;
	cmd.dirty.bitmap = (uintptr_t)&bitmap;
	return test(&cmd);
}

int mock_translates(uint32_t pt, uint64_t iova, uint64_t size, const void *hva)
{
	struct test_command cmd = {.op = TEST_CHECK_MAP, .id = pt};

	cmd.check_map.iova = iova;
	cmd.check_map.size = size;
	cmd.check_map.hva = (uintptr_t)hva;
	return test(&cmd);
}
