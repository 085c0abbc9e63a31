/*
 * usage: bar BDF N read WIDTH OFFSET
 *        bar BDF N write WIDTH OFFSET VALUE
 *        bar BDF N fill OFFSET LEN SEED
 *        bar BDF N check OFFSET LEN SEED
 *
 * Reads and writes BAR N of a PCI device through sysfs, an I/O BAR as well. "read" prints the value. "fill" writes
 * 64-bit words that follow from SEED and the offset, "check" compares with them. Only the pages in question are mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_RESOURCE_IO 0x100u /* a resource's flags, as /sys prints them */

struct bar {
	int fd;
	bool io;
	uint64_t start;
	uint64_t size;
	uint64_t page;
};

static void fail(const char *what)
{
	printf("TENON-GUEST error: bar: %s\n", what);
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		fail("an argument is not a number");
	return value;
}

static void bar_open(struct bar *bar, const char *bdf, unsigned int index)
{
	uint64_t start = 0, last = 0, flags = 0;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "re");
	if (!file)
		fail("there is no such device");
	for (unsigned int i = 0; i <= index; i++)
		if (fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &last, &flags) != 3)
			fail("there is no such BAR");
	fclose(file);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u", bdf, index);
	bar->fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (bar->fd < 0 || !flags)
		fail("there is no such BAR");
	bar->io = flags & PCI_RESOURCE_IO;
	bar->start = start;
	bar->size = last - start + 1;
	bar->page = (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A BAR smaller than a page need not begin where its page does. */
static volatile void *bar_map(const struct bar *bar, uint64_t offset, uint64_t len)
{
	uint64_t in_page = bar->start % bar->page + offset;
	uint64_t first = in_page - in_page % bar->page;
	uint8_t *map;

	if (offset > bar->size || len > bar->size - offset)
		fail("that is beyond the end of the BAR");
	map = mmap(NULL, in_page - first + len, PROT_READ | PROT_WRITE, MAP_SHARED, bar->fd,
		   (off_t)first);
	if (map == MAP_FAILED)
		fail("the BAR cannot be mapped");
	return map + (in_page - first);
}

static uint64_t memory_read(const volatile void *at, unsigned int width)
{
	switch (width) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

static void memory_write(volatile void *at, unsigned int width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
	}
}

static void check_width(const struct bar *bar, unsigned int width)
{
	if (width != 1 && width != 2 && width != 4 && (width != 8 || bar->io))
		fail("WIDTH is 1, 2, 4, and for memory 8");
}

static void bar_read(const struct bar *bar, unsigned int width, uint64_t offset)
{
	uint64_t value = 0;

	check_width(bar, width);
	if (!bar->io)
		value = memory_read(bar_map(bar, offset, width), width);
	else if (pread(bar->fd, &value, width, (off_t)offset) != (ssize_t)width)
		fail("reading failed");
	printf("0x%0*" PRIx64 "\n", (int)(2 * width), value);
}

static void bar_write(const struct bar *bar, unsigned int width, uint64_t offset, uint64_t value)
{
	check_width(bar, width);
	if (!bar->io)
		memory_write(bar_map(bar, offset, width), width, value);
	else if (pwrite(bar->fd, &value, width, (off_t)offset) != (ssize_t)width)
		fail("writing failed");
}

static uint64_t word(uint64_t seed, uint64_t offset)
{
	uint64_t mixed = (seed + 1) * 0x9e3779b97f4a7c15u ^ offset * 0xff51afd7ed558ccdu;

	return mixed ^ mixed >> 29;
}

static void bar_fill(const struct bar *bar, uint64_t offset, uint64_t len, uint64_t seed)
{
	volatile uint64_t *words = bar_map(bar, offset, len);

	for (uint64_t i = 0; i < len / sizeof(*words); i++)
		words[i] = word(seed, offset + i * sizeof(*words));
}

static void bar_check(const struct bar *bar, uint64_t offset, uint64_t len, uint64_t seed)
{
	const volatile uint64_t *words = bar_map(bar, offset, len);

	for (uint64_t i = 0; i < len / sizeof(*words); i++) {
		uint64_t at = offset + i * sizeof(*words), value = words[i];

		if (value == word(seed, at))
			continue;
		printf("TENON-GUEST bar: at 0x%" PRIx64 " is 0x%" PRIx64 ", not 0x%" PRIx64 "\n",
		       at, value, word(seed, at));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct bar bar;

	if (argc < 6)
		fail("usage: bar BDF N read|write|fill|check ...");
	bar_open(&bar, argv[1], (unsigned int)number(argv[2]));
	if (!strcmp(argv[3], "read") && argc == 6)
		bar_read(&bar, (unsigned int)number(argv[4]), number(argv[5]));
	else if (!strcmp(argv[3], "write") && argc == 7)
		bar_write(&bar, (unsigned int)number(argv[4]), number(argv[5]), number(argv[6]));
	else if (!strcmp(argv[3], "fill") && argc == 7)
		bar_fill(&bar, number(argv[4]), number(argv[5]), number(argv[6]));
	else if (!strcmp(argv[3], "check") && argc == 7)
		bar_check(&bar, number(argv[4]), number(argv[5]), number(argv[6]));
	else
		fail("usage: bar BDF N read|write|fill|check ...");
	return 0;
}
