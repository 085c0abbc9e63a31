/*
 * usage: edu-vfio BDF INTERRUPTS TRANSFERS
 *
 * Exercises QEMU's edu device through the guest's own VFIO, without an IOMMU: that is how a program in user space gets
 * at MSI, and as DMA addresses are the guest's physical ones, at the DMA engine. Raises INTERRUPTS interrupts by MSI,
 * moves TRANSFERS pages to the device and back by DMA, each ending in an interrupt, and switches between INTx and MSI.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

#define PCI_COMMAND	   4
#define PCI_COMMAND_MASTER 4u

#define PAGE	   4096u
#define ARRIVES_MS 5000
#define SILENCE_MS 300

struct edu {
	volatile uint8_t *bar;
	int device;
	int interrupt;
};

struct page {
	uint8_t *bytes;
	uint64_t physical;
};

static void fail(const char *what)
{
	printf("TENON-GUEST error: edu-vfio: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static uint32_t edu_read(const struct edu *edu, enum edu_register reg)
{
	return *(const volatile uint32_t *)(edu->bar + reg);
}

static void edu_write(const struct edu *edu, enum edu_register reg, uint32_t value)
{
	*(volatile uint32_t *)(edu->bar + reg) = value;
}

static void edu_write64(const struct edu *edu, enum edu_register reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->bar + reg) = value;
}

/* The group that the device is alone in; without an IOMMU VFIO made it when it took the device. */
static int open_group(const char *bdf)
{
	char path[128], target[256];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		fail("the device has no group");
	target[len] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/noiommu-%s", strrchr(target, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

static void enable_bus_master(const struct edu *edu)
{
	struct vfio_region_info info = {.argsz = sizeof(info),
					.index = VFIO_PCI_CONFIG_REGION_INDEX};
	uint16_t command;
	off_t at;

	if (ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		fail("there is no config space");
	at = (off_t)info.offset + PCI_COMMAND;
	if (pread(edu->device, &command, sizeof(command), at) != sizeof(command))
		fail("the command register cannot be read");
	command |= PCI_COMMAND_MASTER;
	if (pwrite(edu->device, &command, sizeof(command), at) != sizeof(command))
		fail("the command register cannot be written");
}

static void edu_open(struct edu *edu, const char *bdf)
{
	struct vfio_region_info info = {.argsz = sizeof(info), .index = VFIO_PCI_BAR0_REGION_INDEX};
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group = open_group(bdf);

	if (container < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_NOIOMMU_IOMMU) < 0)
		fail("VFIO does not work without an IOMMU here");
	edu->device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (edu->device < 0)
		fail("VFIO does not give the device");
	if (ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		fail("there is no BAR 0");
	edu->bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, edu->device,
			(off_t)info.offset);
	if (edu->bar == MAP_FAILED)
		fail("BAR 0 cannot be mapped");
	edu->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	enable_bus_master(edu);
}

/* set_interrupt: action TRIGGER with the eventfd of `edu` for `index`; with `count` 0 it is disabled. */
static void set_interrupt(const struct edu *edu, uint32_t index, uint32_t count)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} request = {
		.set =
			{
				.argsz = count ? sizeof(request) : sizeof(request.set),
				.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
					 (count ? VFIO_IRQ_SET_DATA_EVENTFD
						: VFIO_IRQ_SET_DATA_NONE),
				.index = index,
				.count = count,
			},
		.fd = edu->interrupt,
	};

	if (ioctl(edu->device, VFIO_DEVICE_SET_IRQS, &request) != 0)
		fail("VFIO does not set up the interrupt");
}

/* VFIO masks INTx when it fires. */
static void unmask_intx(const struct edu *edu)
{
	struct vfio_irq_set request = {
		.argsz = sizeof(request),
		.flags = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_NONE,
		.index = VFIO_PCI_INTX_IRQ_INDEX,
		.count = 1,
	};

	if (ioctl(edu->device, VFIO_DEVICE_SET_IRQS, &request) != 0)
		fail("INTx cannot be unmasked");
}

static uint64_t interrupts_within(const struct edu *edu, int limit_ms)
{
	struct pollfd readable = {.fd = edu->interrupt, .events = POLLIN};
	uint64_t count = 0;

	if (poll(&readable, 1, limit_ms) == 1 &&
	    read(edu->interrupt, &count, sizeof(count)) != sizeof(count))
		fail("the eventfd cannot be read");
	return count;
}

static void check_arrival(const struct edu *edu, const char *kind, bool level, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t arrived;

		edu_write(edu, EDU_IRQ_RAISE, 1);
		arrived = interrupts_within(edu, ARRIVES_MS);
		if (arrived != 1) {
			printf("TENON-GUEST edu: %s: interrupt %d of %d arrived %llu times\n", kind,
			       i, count, (unsigned long long)arrived);
			fail("an interrupt did not arrive, or more than one did");
		}
		if (edu_read(edu, EDU_IRQ_STATUS) != 1)
			fail("the interrupt status is wrong");
		edu_write(edu, EDU_IRQ_ACK, 1);
		if (level)
			unmask_intx(edu);
	}
	if (interrupts_within(edu, SILENCE_MS))
		fail("an interrupt arrived that nobody raised");
	printf("TENON-GUEST edu: %s: %d interrupts raised, %d arrived\n", kind, count, count);
}

/* Where the page is in physical memory, from the kernel's page map; locked, it stays there. */
static struct page page_make(void)
{
	uint64_t entry;
	struct page page;
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	page.bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (page.bytes == MAP_FAILED)
		fail("no memory");
	if (pread(map, &entry, sizeof(entry), (off_t)((uintptr_t)page.bytes / PAGE * 8)) != 8 ||
	    !(entry >> 63))
		fail("/proc/self/pagemap does not say where memory is");
	close(map);
	page.physical = (entry & ((1ull << 55) - 1)) * PAGE;
	return page;
}

static void transfer(const struct edu *edu, uint64_t from, uint64_t to, uint32_t direction)
{
	edu_write64(edu, EDU_DMA_SOURCE, from);
	edu_write64(edu, EDU_DMA_DESTINATION, to);
	edu_write64(edu, EDU_DMA_COUNT, PAGE);
	edu_write64(edu, EDU_DMA_COMMAND, EDU_DMA_START | EDU_DMA_IRQ | direction);
	if (interrupts_within(edu, ARRIVES_MS) != 1)
		fail("the interrupt at the end of a transfer did not arrive");
	if (edu_read(edu, EDU_IRQ_STATUS) != EDU_DMA_IRQ_DONE)
		fail("the interrupt status after a transfer is wrong");
	edu_write(edu, EDU_IRQ_ACK, EDU_DMA_IRQ_DONE);
}

static void check_dma(const struct edu *edu, int count)
{
	struct page from = page_make(), to = page_make();

	for (int i = 0; i < count; i++) {
		for (uint32_t at = 0; at < PAGE; at++)
			from.bytes[at] = (uint8_t)(at * 13 + at / 256 + (uint32_t)i * 41 + 1);
		memset(to.bytes, 0, PAGE);
		transfer(edu, from.physical, EDU_DMA_BUFFER, 0);
		transfer(edu, EDU_DMA_BUFFER, to.physical, EDU_DMA_TO_MEMORY);
		if (memcmp(from.bytes, to.bytes, PAGE) != 0)
			fail("what came back by DMA is not what was sent");
	}
	printf("TENON-GUEST edu: DMA: %d pages to the device and back, from 0x%llx to 0x%llx\n",
	       count, (unsigned long long)from.physical, (unsigned long long)to.physical);
}

int main(int argc, char **argv)
{
	struct edu edu;
	int interrupts;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		fail("usage: edu-vfio BDF INTERRUPTS TRANSFERS");
	interrupts = atoi(argv[2]);
	edu_open(&edu, argv[1]);
	if (edu_read(&edu, EDU_ID) != EDU_ID_VALUE)
		fail("the identification register is wrong");

	set_interrupt(&edu, VFIO_PCI_MSI_IRQ_INDEX, 1);
	check_arrival(&edu, "MSI", false, interrupts);
	check_dma(&edu, atoi(argv[3]));
	for (int i = 0; i < 3; i++) {
		set_interrupt(&edu, VFIO_PCI_MSI_IRQ_INDEX, 0);
		set_interrupt(&edu, VFIO_PCI_INTX_IRQ_INDEX, 1);
		check_arrival(&edu, "INTx again", true, 5);
		set_interrupt(&edu, VFIO_PCI_INTX_IRQ_INDEX, 0);
		set_interrupt(&edu, VFIO_PCI_MSI_IRQ_INDEX, 1);
		check_arrival(&edu, "MSI again", false, 5);
	}
	return 0;
}
