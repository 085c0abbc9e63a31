/* SPDX-License-Identifier: MIT */
/* BARs as dma-bufs; see model_dmabuf.c. */
#ifndef MODEL_DMABUF_H
#define MODEL_DMABUF_H

#include "model_private.h"

extern const struct model_file_ops model_dmabuf_ops;

/* VFIO_DEVICE_FEATURE_DMA_BUF with @size bytes of data. Return: a descriptor. */
int model_dmabuf_get(struct model_device *device, const void *data, size_t size);

/* An IOAS takes it, and with it a reference. Inverse: model_dmabuf_unmap(). */
int model_dmabuf_map(struct model_file *file, uint64_t start, uint64_t size);
void model_dmabuf_unmap(struct model_file *file);

/* The device stops decoding memory. */
void model_dmabuf_revoke(struct model_device *device, const char *how);

#endif
