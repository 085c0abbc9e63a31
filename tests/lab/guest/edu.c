/*
 * usage: edu BDF UIO COUNT
 *
 * Exercises QEMU's edu device through uio_pci_generic: registers, and COUNT level-triggered interrupts. The UIO driver
 * masks INTx in the command register on each interrupt; here it is unmasked again after the device was told to stop.
 * That is where a level that is not resampled, or a mask that is not passed on, shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

#define PCI_COMMAND		 4
#define PCI_COMMAND_INTX_DISABLE 0x400u

#define ARRIVES_MS 5000
#define SILENCE_MS 300

struct edu {
	volatile uint8_t *bar;
	int config;
	int uio;
};

static void fail(const char *what)
{
	printf("TENON-GUEST error: edu: %s\n", what);
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

static void set_intx_disable(const struct edu *edu, bool disable)
{
	uint16_t command;

	if (pread(edu->config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		fail("cannot read the command register");
	command = (uint16_t)(disable ? command | PCI_COMMAND_INTX_DISABLE
				     : command & ~PCI_COMMAND_INTX_DISABLE);
	if (pwrite(edu->config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		fail("cannot write the command register");
}

static bool interrupt_arrives(const struct edu *edu, int limit_ms)
{
	struct pollfd poll_uio = {.fd = edu->uio, .events = POLLIN};
	uint32_t count;

	if (poll(&poll_uio, 1, limit_ms) != 1)
		return false;
	return read(edu->uio, &count, sizeof(count)) == sizeof(count);
}

static void acknowledge(const struct edu *edu)
{
	edu_write(edu, EDU_IRQ_ACK, edu_read(edu, EDU_IRQ_STATUS));
}

static void check_registers(const struct edu *edu)
{
	if (edu_read(edu, EDU_ID) != EDU_ID_VALUE)
		fail("the identification register is wrong");
	edu_write(edu, EDU_LIVENESS, 0x12345678);
	if (edu_read(edu, EDU_LIVENESS) != ~0x12345678u)
		fail("the liveness register does not invert");
	edu_write(edu, EDU_STATUS, 0);
	edu_write(edu, EDU_FACTORIAL, 10);
	while (edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING)
		usleep(1000);
	if (edu_read(edu, EDU_FACTORIAL) != 3628800)
		fail("10! is not 3628800");
	printf("TENON-GUEST edu: registers work\n");
}

static void check_arrival(const struct edu *edu, int count)
{
	for (int i = 0; i < count; i++) {
		edu_write(edu, EDU_IRQ_RAISE, 1);
		if (!interrupt_arrives(edu, ARRIVES_MS)) {
			printf("TENON-GUEST edu: after %d of %d interrupts:\n", i, count);
			fail("an interrupt did not arrive");
		}
		if (edu_read(edu, EDU_IRQ_STATUS) != 1)
			fail("the interrupt status is wrong");
		acknowledge(edu);
		set_intx_disable(edu, false);
	}
	printf("TENON-GUEST edu: %d interrupts raised, %d arrived\n", count, count);
}

static void check_computed(const struct edu *edu)
{
	edu_write(edu, EDU_STATUS, EDU_STATUS_IRQ);
	edu_write(edu, EDU_FACTORIAL, 5);
	if (!interrupt_arrives(edu, ARRIVES_MS))
		fail("the interrupt at the end of a computation did not arrive");
	acknowledge(edu);
	edu_write(edu, EDU_STATUS, 0);
	set_intx_disable(edu, false);
}

static void check_silence(const struct edu *edu, const char *when)
{
	if (interrupt_arrives(edu, SILENCE_MS)) {
		printf("TENON-GUEST edu: %s:\n", when);
		fail("an interrupt arrived that nobody raised");
	}
	printf("TENON-GUEST edu: no interrupt %s\n", when);
}

/* A line that stays asserted must fire again each time it is unmasked, until the device is told to stop. */
static void check_level(const struct edu *edu)
{
	edu_write(edu, EDU_IRQ_RAISE, 1);
	for (int i = 0; i < 5; i++) {
		if (!interrupt_arrives(edu, ARRIVES_MS))
			fail("a line that stayed asserted did not fire again");
		set_intx_disable(edu, false);
	}
	if (!interrupt_arrives(edu, ARRIVES_MS))
		fail("a line that stayed asserted did not fire again");
	acknowledge(edu);
	set_intx_disable(edu, false);
	printf("TENON-GUEST edu: an asserted line fires again when unmasked\n");
}

static void check_mask(const struct edu *edu)
{
	set_intx_disable(edu, true);
	edu_write(edu, EDU_IRQ_RAISE, 1);
	check_silence(edu, "while masked");
	set_intx_disable(edu, false);
	if (!interrupt_arrives(edu, ARRIVES_MS))
		fail("the interrupt held back by the mask did not arrive after it");
	acknowledge(edu);
	set_intx_disable(edu, false);
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

int main(int argc, char **argv)
{
	struct edu edu;
	int resource;
	char uio[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		fail("usage: edu BDF UIO COUNT");
	edu.config = open_sysfs(argv[1], "config");
	resource = open_sysfs(argv[1], "resource0");
	snprintf(uio, sizeof(uio), "/dev/%s", argv[2]);
	edu.uio = open(uio, O_RDWR | O_CLOEXEC);
	if (edu.uio < 0)
		fail("the UIO device cannot be opened");
	edu.bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, resource, 0);
	if (edu.bar == MAP_FAILED)
		fail("BAR 0 cannot be mapped");

	check_registers(&edu);
	set_intx_disable(&edu, false);
	check_silence(&edu, "before the first");
	check_arrival(&edu, atoi(argv[3]));
	check_silence(&edu, "after the last");
	check_computed(&edu);
	check_level(&edu);
	check_silence(&edu, "after a level that was acknowledged");
	check_mask(&edu);
	check_silence(&edu, "at the end");
	return 0;
}
