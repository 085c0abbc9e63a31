/* SPDX-License-Identifier: MIT */
/* What a device says of itself once it is attached, in the words of the inventory. */
#include "internal.h"
#include "vconfig.h"

#define CONFIG_DEVICE	0x02
#define CONFIG_CLASS	0x09 /* programming interface, subclass, class */
#define HEADER_SIZE	0x40
#define BAR_IS_PREFETCH 0x8u

static void describe_bar(const struct pt_device *device, unsigned index, uint32_t raw,
			 struct pt_host_bar *bar)
{
	bar->size = device->regions[PT_REGION_BAR0 + index].info.size;
	bar->io = !!(raw & PT_BAR_IS_IO);
	bar->is_64bit = !bar->io && raw & PT_BAR_IS_64BIT;
	bar->prefetchable = !bar->io && raw & BAR_IS_PREFETCH;
}

PT_PUBLIC int pt_device_describe(struct pt_device *device, struct pt_host_device *ret_host,
				 struct pt_error *err)
{
	struct pt_host_device host = device->host;
	uint8_t header[HEADER_SIZE] = {0};
	int r;

	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
			      "ask it what it is", err);
	if (r == 0)
		r = pt_device_read(device, PT_REGION_CONFIG, 0, header, sizeof(header));
	if (r < 0)
		return pt_error_set(err, r, "%s: reading its config space: %s", host.name,
				    strerror(-r));
	memset(host.bars, 0, sizeof(host.bars));
	host.vendor = (uint16_t)pt_load_le(header + PT_CONFIG_VENDOR, 2);
	host.device = (uint16_t)pt_load_le(header + CONFIG_DEVICE, 2);
	host.class_code = pt_load_le(header + CONFIG_CLASS, 3);
	host.irq_pin = 0;
	if (device->irqs[PT_IRQ_INTX].count > 0 && header[PT_CONFIG_INTERRUPT_PIN] <= 4)
		host.irq_pin = header[PT_CONFIG_INTERRUPT_PIN];
	for (unsigned i = 0; i < PT_BARS; i++) {
		/* The type bits are in the register, whatever address it holds. */
		describe_bar(device, i, pt_load_le(header + PT_CONFIG_BAR0 + 4 * i, 4),
			     &host.bars[i]);
		if (host.bars[i].size > 0 && host.bars[i].is_64bit)
			i++;
	}
	*ret_host = host;
	return 0;
}
