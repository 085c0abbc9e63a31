/* The registers of QEMU's edu device, which is there to be programmed against. */
#ifndef LAB_EDU_H
#define LAB_EDU_H

enum edu_register {
	EDU_ID = 0x00,
	EDU_LIVENESS = 0x04,
	EDU_FACTORIAL = 0x08,
	EDU_STATUS = 0x20,
	EDU_IRQ_STATUS = 0x24,
	EDU_IRQ_RAISE = 0x60,
	EDU_IRQ_ACK = 0x64,
	EDU_DMA_SOURCE = 0x80, /* 64 bits, as the next two */
	EDU_DMA_DESTINATION = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98,
};

#define EDU_ID_VALUE	     0x010000EDu
#define EDU_BAR_SIZE	     (1u << 20)
#define EDU_STATUS_COMPUTING 0x01u
#define EDU_STATUS_IRQ	     0x80u

#define EDU_DMA_BUFFER	  0x40000u /* its own memory, as DMA addresses it: 4096 bytes */
#define EDU_DMA_START	  1u
#define EDU_DMA_TO_MEMORY 2u
#define EDU_DMA_IRQ	  4u
#define EDU_DMA_IRQ_DONE  0x100u /* the bit of EDU_IRQ_STATUS */

#endif
