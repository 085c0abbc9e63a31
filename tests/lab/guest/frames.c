/*
 * usage: frames FROM TO COUNT
 *
 * Sends COUNT Ethernet frames from interface FROM to the address of interface TO, both in this machine, and checks that
 * each arrives there with its contents. The kernel never looks at them: whatever comes in was carried by the devices.
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_TYPE 0x88b5u /* set aside for experiments by IEEE 802 */
#define FRAME_SIZE 1400u
#define ARRIVES_MS 5000

struct port {
	int socket;
	uint8_t address[ETH_ALEN];
};

struct frame {
	struct ether_header header;
	uint32_t number;
	uint8_t data[FRAME_SIZE - sizeof(struct ether_header) - sizeof(uint32_t)];
} __attribute__((packed));

static void fail(const char *what)
{
	printf("TENON-GUEST error: frames: %s\n", what);
	exit(1);
}

static void port_open(struct port *port, const char *interface)
{
	struct sockaddr_ll local = {.sll_family = AF_PACKET, .sll_protocol = htons(FRAME_TYPE)};
	struct ifreq request = {0};

	port->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(FRAME_TYPE));
	if (port->socket < 0)
		fail("there are no packet sockets");
	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (ioctl(port->socket, SIOCGIFHWADDR, &request) < 0)
		fail("there is no such interface");
	memcpy(port->address, request.ifr_hwaddr.sa_data, ETH_ALEN);
	local.sll_ifindex = (int)if_nametoindex(interface);
	if (bind(port->socket, (struct sockaddr *)&local, sizeof(local)) < 0)
		fail("the socket cannot be bound to the interface");
}

static void make_frame(struct frame *frame, const struct port *from, const struct port *to,
		       uint32_t number)
{
	memcpy(frame->header.ether_dhost, to->address, ETH_ALEN);
	memcpy(frame->header.ether_shost, from->address, ETH_ALEN);
	frame->header.ether_type = htons(FRAME_TYPE);
	frame->number = number;
	for (size_t i = 0; i < sizeof(frame->data); i++)
		frame->data[i] = (uint8_t)(number * 31 + i * 7);
}

/* A packet socket sees what its own interface sends, too; that is not an arrival. */
static void receive(const struct port *port, struct frame *frame)
{
	struct pollfd readable = {.fd = port->socket, .events = POLLIN};
	struct sockaddr_ll sender;

	do {
		socklen_t size = sizeof(sender);

		if (poll(&readable, 1, ARRIVES_MS) != 1)
			fail("a frame did not arrive");
		if (recvfrom(port->socket, frame, sizeof(*frame), MSG_TRUNC,
			     (struct sockaddr *)&sender, &size) != sizeof(*frame))
			fail("a frame arrived with another size");
	} while (sender.sll_pkttype == PACKET_OUTGOING);
}

int main(int argc, char **argv)
{
	struct frame sent, arrived;
	struct port from, to;
	uint32_t count;

	if (argc != 4)
		fail("usage: frames FROM TO COUNT");
	count = (uint32_t)atoi(argv[3]);
	port_open(&from, argv[1]);
	port_open(&to, argv[2]);
	for (uint32_t i = 0; i < count; i++) {
		make_frame(&sent, &from, &to, i);
		if (send(from.socket, &sent, sizeof(sent), 0) != sizeof(sent))
			fail("a frame cannot be sent");
		receive(&to, &arrived);
		if (memcmp(&sent, &arrived, sizeof(sent)) != 0)
			fail("a frame arrived changed");
	}
	printf("TENON-GUEST frames: %u of %zu bytes from %s to %s\n", count, sizeof(sent), argv[1],
	       argv[2]);
	return 0;
}
