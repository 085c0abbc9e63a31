/* SPDX-License-Identifier: MIT */
#include "virtio/blk_request.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <string.h>

#define SECTOR	   512u
#define LAST_SHIFT 55 /* a sector's number above that is no byte's */

/* The front of @iov, copied; what was copied is cut off. Return: whether all of it is there and can be reached. */
static bool take_front(struct iovec *iov, unsigned count, void *to, size_t size)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < size; i++) {
		size_t part = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;

		if (!iov[i].iov_base)
			return false;
		memcpy((char *)to + done, iov[i].iov_base, part);
		iov[i].iov_base = (char *)iov[i].iov_base + part;
		iov[i].iov_len -= part;
		done += part;
	}
	return done == size;
}

/* The last byte that the device may write; it is cut off. Return: NULL when it is not there or cannot be reached. */
static uint8_t *take_status(struct virtqueue_chain *chain)
{
	struct iovec *last = &chain->iov[chain->readable + chain->writable - 1];

	if (!chain->writable || !last->iov_base)
		return NULL;
	last->iov_len--;
	return (uint8_t *)last->iov_base + last->iov_len;
}

static int finish(struct blk_request *request, uint8_t result)
{
	request->action = BLK_NOTHING;
	request->result = result;
	return 0;
}

/* Return: whether @sectors from @sector on are on the disk, whole blocks; as @offset and @len. */
static bool place(struct blk_request *request, const struct blk_disk *disk, uint64_t sector,
		  uint64_t len)
{
	if (sector >> LAST_SHIFT)
		return false;
	request->offset = sector * SECTOR;
	request->len = len;
	return request->offset <= disk->size && len <= disk->size - request->offset &&
	       !(request->offset % disk->block) && !(len % disk->block);
}

static bool take_data(struct blk_request *request, const struct iovec *iov, unsigned count)
{
	request->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!iov[i].iov_len)
			continue;
		if (request->count == BLK_SEGMENTS_MAX || !iov[i].iov_base)
			return false;
		request->iov[request->count++] = iov[i];
	}
	return true;
}

static int transfer(struct blk_request *request, const struct blk_disk *disk, uint64_t sector,
		    const struct iovec *iov, unsigned count)
{
	uint64_t len = 0;

	for (unsigned i = 0; i < count; i++)
		len += iov[i].iov_len;
	if ((request->action == BLK_WRITE && disk->readonly) ||
	    !place(request, disk, sector, len) || !take_data(request, iov, count))
		return finish(request, VIRTIO_BLK_S_IOERR);
	return len ? 0 : finish(request, VIRTIO_BLK_S_OK);
}

/* 5.2.6.2: flags that mean nothing here are an error that says so. */
static int range(struct blk_request *request, const struct blk_disk *disk, struct iovec *iov,
		 unsigned count)
{
	struct virtio_blk_discard_write_zeroes what;
	uint32_t known = request->action == BLK_ZERO ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
	char more;

	if (!take_front(iov, count, &what, sizeof(what)))
		return finish(request, VIRTIO_BLK_S_IOERR);
	if (take_front(iov, count, &more, 1) || what.flags & ~known)
		return finish(request, VIRTIO_BLK_S_UNSUPP);
	if (disk->readonly ||
	    !place(request, disk, what.sector, (uint64_t)what.num_sectors * SECTOR))
		return finish(request, VIRTIO_BLK_S_IOERR);
	request->unmap = what.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	return request->len ? 0 : finish(request, VIRTIO_BLK_S_OK);
}

int blk_request_read(struct blk_request *request, const struct blk_disk *disk,
		     struct virtqueue_chain *chain, struct pt_error *err)
{
	struct iovec *to_read = chain->iov, *to_write = chain->iov + chain->readable;
	struct virtio_blk_outhdr header;

	request->head = chain->head;
	request->count = 0;
	request->offset = request->len = 0;
	request->unmap = false;
	request->status = chain->writable ? take_status(chain) : NULL;
	if (!request->status)
		return pt_error_set(err, -EINVAL, "a request has no place for its result");
	if (!take_front(to_read, chain->readable, &header, sizeof(header)))
		return pt_error_set(err, -EINVAL, "a request has no header");
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		request->action = BLK_READ;
		return transfer(request, disk, header.sector, to_write, chain->writable);
	case VIRTIO_BLK_T_OUT:
		request->action = BLK_WRITE;
		return transfer(request, disk, header.sector, to_read, chain->readable);
	case VIRTIO_BLK_T_FLUSH:
		request->action = BLK_FLUSH;
		return 0;
	case VIRTIO_BLK_T_GET_ID:
		request->action = BLK_SERIAL;
		return take_data(request, to_write, chain->writable)
			       ? 0
			       : finish(request, VIRTIO_BLK_S_IOERR);
	case VIRTIO_BLK_T_DISCARD:
		request->action = BLK_DISCARD;
		return range(request, disk, to_read, chain->readable);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		request->action = BLK_ZERO;
		return range(request, disk, to_read, chain->readable);
	default:
		return finish(request, VIRTIO_BLK_S_UNSUPP);
	}
}

void blk_request_advance(struct blk_request *request, uint64_t bytes)
{
	unsigned skip = 0;

	request->offset += bytes;
	request->len -= bytes;
	while (skip < request->count && bytes >= request->iov[skip].iov_len)
		bytes -= request->iov[skip++].iov_len;
	request->count -= skip;
	memmove(request->iov, request->iov + skip, request->count * sizeof(request->iov[0]));
	if (request->count) {
		request->iov[0].iov_base = (char *)request->iov[0].iov_base + bytes;
		request->iov[0].iov_len -= bytes;
	}
}
