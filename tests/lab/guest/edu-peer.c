/*
 * usage: edu-peer EDU PEER BAR
 *
 * Peer-to-peer DMA: QEMU's edu device copies between memory and BAR number BAR of the device PEER, by the BAR's
 * address. What it wrote there is checked through the BAR's mapping, what it read, in memory. Then PEER's decoding is
 * turned off and on, and once more: its BAR is another mapping in the host's IOMMU from then on.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

#define EDU_BAR_SIZE  (1u << 20)
#define EDU_DMA_FROM  0x80
#define EDU_DMA_TO    0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD   0x98
#define EDU_DMA_START 1u
#define EDU_DMA_OUT   2u /* from the device's buffer; else into it */
#define EDU_BUFFER    0x40000u

#define PCI_COMMAND	   4
#define PCI_COMMAND_MEMORY 2u
#define PCI_COMMAND_MASTER 4u

struct peer {
	int config;
	volatile uint8_t *bar;
	uint64_t address;
	uint64_t size;
};

static void fail(const char *what)
{
	printf("TENON-GUEST error: edu-peer: %s\n", what);
	exit(1);
}

static int open_sysfs(const char *bdf, const char *file)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

static void set_command(int config, uint16_t on, uint16_t off)
{
	uint16_t command;

	if (pread(config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		fail("cannot read a command register");
	command = (uint16_t)((command | on) & ~off);
	if (pwrite(config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		fail("cannot write a command register");
}

static void *map(const char *bdf, const char *file, uint64_t size)
{
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, open_sysfs(bdf, file), 0);

	if (memory == MAP_FAILED)
		fail("a BAR cannot be mapped");
	return memory;
}

/* The file "resource" has a line with first, last and flags for each. */
static struct peer open_peer(const char *bdf, int bar)
{
	unsigned long long first = 0, last = 0, flags;
	struct peer peer = {.config = open_sysfs(bdf, "config")};
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "r");
	for (int i = 0; file && i <= bar; i++)
		if (fscanf(file, "%llx %llx %llx", &first, &last, &flags) != 3)
			fail(path);
	peer.address = first;
	peer.size = last - first + 1;
	snprintf(path, sizeof(path), "resource%d", bar);
	set_command(peer.config, PCI_COMMAND_MEMORY, 0);
	peer.bar = map(bdf, path, peer.size);
	return peer;
}

/* The guest's physical address of a page that stays where it is. */
static uint64_t physical(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) !=
		    sizeof(entry) ||
	    !(entry >> 63))
		fail("cannot tell where a page is");
	close(fd);
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

static uint8_t *new_page(void)
{
	uint8_t *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || mlock(page, PAGE))
		fail("no memory");
	memset(page, 0, PAGE);
	return page;
}

static void run_dma(volatile uint8_t *edu, uint64_t from, uint64_t to, uint64_t direction)
{
	*(volatile uint64_t *)(edu + EDU_DMA_FROM) = from;
	*(volatile uint64_t *)(edu + EDU_DMA_TO) = to;
	*(volatile uint64_t *)(edu + EDU_DMA_COUNT) = PAGE;
	*(volatile uint64_t *)(edu + EDU_DMA_CMD) = EDU_DMA_START | direction;
	for (int i = 0; *(volatile uint64_t *)(edu + EDU_DMA_CMD) & EDU_DMA_START; i++) {
		if (i == 5000)
			fail("a transfer does not end");
		usleep(1000);
	}
}

static void copy(volatile uint8_t *edu, uint64_t from, uint64_t to)
{
	run_dma(edu, from, EDU_BUFFER, 0);
	run_dma(edu, EDU_BUFFER, to, EDU_DMA_OUT);
}

static void fill(volatile uint8_t *to, unsigned seed)
{
	for (unsigned i = 0; i < PAGE; i++)
		to[i] = (uint8_t)(i * 31 + i / 256 + seed);
}

static bool filled(const volatile uint8_t *at, unsigned seed)
{
	for (unsigned i = 0; i < PAGE; i++)
		if (at[i] != (uint8_t)(i * 31 + i / 256 + seed))
			return false;
	return true;
}

/* Both ways at a place in the BAR. */
static void check(volatile uint8_t *edu, const struct peer *peer, uint64_t at, unsigned seed)
{
	uint8_t *page = new_page();

	fill(page, seed);
	fill(peer->bar + at, seed + 100);
	copy(edu, physical(page), peer->address + at);
	if (!filled(peer->bar + at, seed))
		fail("what the device wrote to the other's BAR is not there");
	fill(peer->bar + at, seed + 1);
	copy(edu, peer->address + at, physical(page));
	if (!filled(page, seed + 1))
		fail("what the device read from the other's BAR is not what is there");
	munmap(page, PAGE);
	printf("TENON-GUEST edu-peer: a page to and from 0x%llx\n",
	       (unsigned long long)(peer->address + at));
}

int main(int argc, char **argv)
{
	volatile uint8_t *edu;
	struct peer peer;
	int config;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		fail("usage: edu-peer EDU PEER BAR");
	config = open_sysfs(argv[1], "config");
	set_command(config, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	edu = map(argv[1], "resource0", EDU_BAR_SIZE);
	peer = open_peer(argv[2], atoi(argv[3]));
	check(edu, &peer, 0, 3);
	check(edu, &peer, peer.size - PAGE, 5);
	for (unsigned i = 0; i < 3; i++) {
		set_command(peer.config, 0, PCI_COMMAND_MEMORY);
		set_command(peer.config, PCI_COMMAND_MEMORY, 0);
		check(edu, &peer, i * PAGE, 10 + 2 * i);
	}
	set_command(config, 0, PCI_COMMAND_MASTER);
	printf("TENON-GUEST edu-peer: all is well\n");
	return 0;
}
