/* SPDX-License-Identifier: MIT */
/*
 * usage: screen BDF
 * Draws on the screen of a mdpy device, through its BAR, and reads back what it drew. The kernel's mdpy starts with a
 * gradient from black to white, line by line.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAPABILITY 0x40 /* of the vendor: format, width, height behind 4 bytes of header */

static void fail(const char *why)
{
	printf("TENON-GUEST screen: error: %s\n", why);
	exit(1);
}

static int open_file(const char *bdf, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
	return (x * 0x01000193u) ^ (y * 0x9e3779b1u);
}

int main(int argc, char **argv)
{
	uint32_t header[4], width, height;
	size_t size;
	uint32_t *screen;
	int config;

	if (argc != 2)
		fail("usage: screen BDF");
	config = open_file(argv[1], "config");
	if (pread(config, header, sizeof(header), CAPABILITY) != sizeof(header))
		fail("its capability cannot be read");
	width = header[2];
	height = header[3];
	printf("TENON-GUEST screen: %ux%u, format %.4s\n", width, height, (char *)&header[1]);
	size = (size_t)width * height * 4;
	screen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      open_file(argv[1], "resource0"), 0);
	if (screen == MAP_FAILED)
		fail("BAR 0 cannot be mapped");
	for (uint32_t y = 0; y < height; y++)
		if (screen[(size_t)y * width] != (y * 255 / height) * 0x01010101u)
			fail("it does not show its gradient at first");
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			screen[(size_t)y * width + x] = pixel(x, y);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			if (screen[(size_t)y * width + x] != pixel(x, y))
				fail("what was drawn is not what is there");
	printf("TENON-GUEST screen: %zu bytes drawn and read back\n", size);
	return 0;
}
