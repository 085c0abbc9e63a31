/* SPDX-License-Identifier: MIT */
#include "rom.h"

#include <passthrough/function.h>

#include "caps.h"
#include "internal.h"

/* An image begins with a header that points to a data structure. */
#define HEADER_SIZE	 0x1au
#define HEADER_SIGNATURE 0xaa55u
#define HEADER_DATA	 0x18u
#define DATA_SIZE	 0x18u
#define DATA_SIGNATURE	 0x52494350u /* "PCIR" */
#define DATA_VENDOR	 0x04u
#define DATA_DEVICE	 0x06u
#define DATA_LIST	 0x08u
#define DATA_REVISION	 0x0cu
#define DATA_LENGTH	 0x10u
#define DATA_INDICATOR	 0x15u
#define INDICATOR_LAST	 0x80u
#define LIST_REVISION	 3u /* before it, the list's pointer was one to vital product data */
#define LENGTH_UNIT	 512u

/* struct image - one of the images: @size bytes at @at, its data structure at @data from its start */
struct image {
	size_t at;
	size_t size;
	size_t data;
	bool last;
};

static bool has_image(const uint8_t *bytes, size_t size, size_t at)
{
	return size >= HEADER_SIZE && at <= size - HEADER_SIZE &&
	       pt_load_le(bytes + at, 2) == HEADER_SIGNATURE;
}

/* The image at @at, where there is one. */
static int read_image(const uint8_t *bytes, size_t size, size_t at, struct image *ret_image,
		      struct pt_error *err)
{
	size_t left = size - at;
	size_t data = pt_load_le(bytes + at + HEADER_DATA, 2);
	size_t length;

	if (data < HEADER_SIZE || left < DATA_SIZE || data > left - DATA_SIZE ||
	    pt_load_le(bytes + at + data, 4) != DATA_SIGNATURE)
		return pt_error_set(err, -EINVAL,
				    "the image at 0x%zx has no PCI data structure at 0x%zx", at,
				    at + data);
	length = pt_load_le(bytes + at + data + DATA_LENGTH, 2) * (size_t)LENGTH_UNIT;
	if (length < data + DATA_SIZE || length > left)
		return pt_error_set(err, -EINVAL,
				    "the image at 0x%zx says it has %zu bytes, and there are %zu",
				    at, length, left);
	*ret_image = (struct image){
		.at = at,
		.size = length,
		.data = at + data,
		.last = bytes[at + data + DATA_INDICATOR] & INDICATOR_LAST,
	};
	return 0;
}

PT_PUBLIC int pt_rom_check(const void *rom, size_t size, struct pt_error *err)
{
	const uint8_t *bytes = rom;
	struct image image = {0};
	size_t at = 0;
	int r;

	if (size > PT_ROM_SIZE_MAX)
		return pt_error_set(err, -EFBIG,
				    "an expansion ROM has 16 MiB at most, and these are %zu bytes",
				    size);
	if (!has_image(bytes, size, 0))
		return pt_error_set(err, -EINVAL,
				    "not an expansion ROM: it does not begin with 0x55 0xaa");
	/* Vendors put more of their own behind what is not marked as the last image. */
	while (!image.last && has_image(bytes, size, at)) {
		r = read_image(bytes, size, at, &image, err);
		if (r < 0)
			return r;
		at = image.at + image.size;
	}
	return 0;
}

PT_PUBLIC uint64_t pt_rom_space(uint64_t size)
{
	uint64_t space = PT_ROM_SPACE_MIN;

	while (space < size && space < PT_ROM_SIZE_MAX)
		space *= 2;
	return space;
}

static struct pt_rom_id id_of(const uint8_t *bytes, const struct image *image)
{
	return (struct pt_rom_id){
		.vendor = (uint16_t)pt_load_le(bytes + image->data + DATA_VENDOR, 2),
		.device = (uint16_t)pt_load_le(bytes + image->data + DATA_DEVICE, 2),
	};
}

/* Further devices of the same vendor; the list ends with a 0. */
static bool lists(const uint8_t *bytes, const struct image *image, uint16_t device)
{
	size_t list = pt_load_le(bytes + image->data + DATA_LIST, 2);
	size_t end = image->at + image->size;
	unsigned entry;

	if (bytes[image->data + DATA_REVISION] < LIST_REVISION || list == 0)
		return false;
	for (size_t at = image->data + list; at + 2 <= end; at += 2) {
		entry = pt_load_le(bytes + at, 2);
		if (entry == 0)
			return false;
		if (entry == device)
			return true;
	}
	return false;
}

bool pt_rom_is_for(const uint8_t *bytes, size_t size, struct pt_rom_id id,
		   struct pt_rom_id *ret_first)
{
	struct image image = {0};
	struct pt_rom_id named;

	for (size_t at = 0; !image.last && has_image(bytes, size, at); at = image.at + image.size) {
		if (read_image(bytes, size, at, &image, NULL) < 0)
			return false;
		named = id_of(bytes, &image);
		if (at == 0)
			*ret_first = named;
		if (named.vendor == id.vendor &&
		    (named.device == id.device || lists(bytes, &image, id.device)))
			return true;
	}
	return false;
}
