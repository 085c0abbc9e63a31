/* SPDX-License-Identifier: MIT */
/*
 * The guest: 32-bit code without paging, which the embedder copies to BASE and jumps to. It finds the device as a driver
 * would, by configuration mechanism #1 (PCI 3.0, 3.2.2.3.2), and leaves what it saw at RESULT, as a struct result.
 */
#define BASE   0x1000
#define RESULT 0x8000
#define STACK  0x7000
#define IDT    0x6000
#define DONE   0xf4 /* a port of the embedder's: the guest has ended */

#define CONFIG(reg) (0x80000000 | 1 << 11 | (reg)) /* slot 1 of bus 0 */
#define AT(label) (BASE + (label) - guest_start)

/* Registers of edu: QEMU, docs/specs/edu.rst. */
#define EDU	     0xe0000000 /* where this guest wants BAR 0 */
#define EDU_LIVENESS 0x04
#define EDU_FACTOR   0x08
#define EDU_STATUS   0x20
#define EDU_IRQ      0x24
#define EDU_RAISE    0x60
#define EDU_ACK      0x64

	.section .rodata
	.globl guest_start, guest_end
	.code32
guest_start:
	movl $STACK, %esp
	movl $RESULT, %edi
	cld

	movl $CONFIG(0x00), %ecx /* vendor and device */
	call config_read
	stosl
	movl $CONFIG(0x10), %ecx /* BAR 0: how large, and here it goes */
	movl $0xffffffff, %eax
	call config_write
	call config_read
	stosl
	movl $EDU, %eax
	call config_write
	movl $CONFIG(0x04), %ecx /* command: decode memory */
	movl $0x2, %eax
	call config_write

	movl $EDU, %ebx
	movl (%ebx), %eax /* identification */
	stosl
	movl $0x12345678, EDU_LIVENESS(%ebx) /* reads back inverted */
	movl EDU_LIVENESS(%ebx), %eax
	stosl
	movl $10, EDU_FACTOR(%ebx)
1:	testl $1, EDU_STATUS(%ebx)
	jnz 1b
	movl EDU_FACTOR(%ebx), %eax
	stosl

	/* INTA# is input 5 of the interrupt controller here, and that is vector 0x25. */
	lgdtl AT(gdt_pointer)
	lidtl AT(idt_pointer)
	movl $(0x08 << 16), IDT + 8 * 0x25
	movw $AT(interrupt), IDT + 8 * 0x25
	movl $0x8e00, IDT + 8 * 0x25 + 4
	movb $0x11, %al /* ICW1 to ICW4, the mask; then input 5 is level-triggered */
	outb %al, $0x20
	movb $0x20, %al
	outb %al, $0x21
	movb $0x04, %al
	outb %al, $0x21
	movb $0x01, %al
	outb %al, $0x21
	movb $0xdf, %al
	outb %al, $0x21
	movw $0x4d0, %dx
	movb $0x20, %al
	outb %al, %dx
	movl $1, EDU_RAISE(%ebx)
	sti
2:	cmpl $0, (%edi)
	je 2b

	outb %al, $DONE

config_read:
	movw $0xcf8, %dx
	movl %ecx, %eax
	outl %eax, %dx
	movw $0xcfc, %dx
	inl %dx, %eax
	ret

config_write:
	pushl %eax
	movw $0xcf8, %dx
	movl %ecx, %eax
	outl %eax, %dx
	popl %eax
	movw $0xcfc, %dx
	outl %eax, %dx
	ret

interrupt:
	pushl %eax
	movl EDU_IRQ(%ebx), %eax
	movl %eax, EDU_ACK(%ebx)
	movl %eax, (%edi)
	movb $0x20, %al /* end of interrupt: now the embedder's resample descriptor is signalled */
	outb %al, $0x20
	popl %eax
	iretl

	.balign 8
gdt:
	.quad 0, 0x00cf9b000000ffff /* 0x08: code, all 4 GiB */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long AT(gdt)
idt_pointer:
	.word 0x7ff
	.long IDT
guest_end:

	.section .note.GNU-stack, "", @progbits
