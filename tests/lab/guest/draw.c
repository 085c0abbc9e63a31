/*
 * usage: draw                      shows a test picture on the first screen until it is ended
 *        draw ppm WIDTH HEIGHT     writes the same picture to standard output, as a PPM file
 *
 * The picture differs at every pixel from its neighbours, so a wrong pitch, format or offset shows.
 */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 8 /* connectors, CRTCs and the like that are looked at */

static void fail(const char *what)
{
	fprintf(stderr, "TENON-GUEST error: draw: %s\n", what);
	exit(1);
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
	return (x & 0xff) << 16 | (y & 0xff) << 8 | ((x ^ y) * 5 & 0xff);
}

static void write_ppm(uint32_t width, uint32_t height)
{
	printf("P6\n%u %u\n255\n", width, height);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++) {
			putchar((int)(pixel(x, y) >> 16 & 0xff));
			putchar((int)(pixel(x, y) >> 8 & 0xff));
			putchar((int)(pixel(x, y) & 0xff));
		}
}

struct screen {
	int fd;
	uint32_t connector;
	uint32_t crtc;
	struct drm_mode_modeinfo mode;
	struct drm_mode_create_dumb buffer;
};

static void ask(const struct screen *screen, unsigned long request, void *argument,
		const char *what)
{
	if (ioctl(screen->fd, request, argument) < 0)
		fail(what);
}

/* The first connector, its first (preferred) mode, and the first CRTC: enough for one screen. */
static void screen_open(struct screen *screen)
{
	uint32_t connectors[MOST], crtcs[MOST], encoders[MOST];
	struct drm_mode_modeinfo modes[64];
	struct drm_mode_card_res resources = {
		.connector_id_ptr = (uintptr_t)connectors,
		.count_connectors = MOST,
		.crtc_id_ptr = (uintptr_t)crtcs,
		.count_crtcs = MOST,
	};
	struct drm_mode_get_connector connector = {0};

	screen->fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (screen->fd < 0)
		fail("there is no /dev/dri/card0");
	ask(screen, DRM_IOCTL_MODE_GETRESOURCES, &resources, "it has no screens");
	if (!resources.count_connectors || !resources.count_crtcs)
		fail("it has no screens");
	connector.connector_id = connectors[0];
	ask(screen, DRM_IOCTL_MODE_GETCONNECTOR, &connector, "the connector cannot be read");
	connector.modes_ptr = (uintptr_t)modes;
	connector.count_modes = sizeof(modes) / sizeof(modes[0]);
	connector.encoders_ptr = (uintptr_t)encoders;
	connector.count_encoders = MOST;
	connector.count_props = 0;
	ask(screen, DRM_IOCTL_MODE_GETCONNECTOR, &connector, "the modes cannot be read");
	if (!connector.count_modes)
		fail("the screen has no mode");
	screen->connector = connectors[0];
	screen->crtc = crtcs[0];
	screen->mode = modes[0];
}

static void screen_draw(struct screen *screen)
{
	struct drm_mode_create_dumb *buffer = &screen->buffer;
	struct drm_mode_map_dumb map = {0};
	uint8_t *pixels;

	*buffer = (struct drm_mode_create_dumb){
		.width = screen->mode.hdisplay,
		.height = screen->mode.vdisplay,
		.bpp = 32,
	};
	ask(screen, DRM_IOCTL_MODE_CREATE_DUMB, buffer, "no memory for a picture");
	map.handle = buffer->handle;
	ask(screen, DRM_IOCTL_MODE_MAP_DUMB, &map, "the picture cannot be mapped");
	pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd,
		      (off_t)map.offset);
	if (pixels == MAP_FAILED)
		fail("the picture cannot be mapped");
	for (uint32_t y = 0; y < buffer->height; y++)
		for (uint32_t x = 0; x < buffer->width; x++)
			((uint32_t *)(pixels + (size_t)y * buffer->pitch))[x] = pixel(x, y);
}

static void screen_show(struct screen *screen)
{
	const struct drm_mode_create_dumb *buffer = &screen->buffer;
	struct drm_mode_fb_cmd frame = {
		.width = buffer->width,
		.height = buffer->height,
		.pitch = buffer->pitch,
		.bpp = 32,
		.depth = 24,
		.handle = buffer->handle,
	};
	struct drm_mode_crtc crtc = {
		.set_connectors_ptr = (uintptr_t)&screen->connector,
		.count_connectors = 1,
		.crtc_id = screen->crtc,
		.mode_valid = 1,
		.mode = screen->mode,
	};

	ask(screen, DRM_IOCTL_MODE_ADDFB, &frame, "the picture is not taken");
	crtc.fb_id = frame.fb_id;
	ask(screen, DRM_IOCTL_MODE_SETCRTC, &crtc, "the screen cannot be set");
}

int main(int argc, char **argv)
{
	struct screen screen;

	if (argc == 4 && !strcmp(argv[1], "ppm")) {
		write_ppm((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
		return 0;
	}
	screen_open(&screen);
	screen_draw(&screen);
	screen_show(&screen);
	printf("TENON-GUEST drawn %u %u\n", screen.buffer.width, screen.buffer.height);
	fflush(stdout);
	pause();
	return 0;
}
