// libpng's simplified interface, whose errors are results instead of jumps.
#pragma once
#include <png.h>
#include <string.h>

// Compresses an 8-bit RGB picture into memory, rows from the top. Without memory it only sets *size. On failure it
// returns 0 and leaves libpng's words in message. Here because the version and the format are macros.
static inline int cpng_write_rgb(
    void *memory, size_t *size, const unsigned char *pixels, unsigned int width, unsigned int height, char message[64]) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t count = *size;
    int result = png_image_write_to_memory(&image, memory, &count, 0, pixels, 0, NULL);
    *size = count;
    memcpy(message, image.message, 64);
    return result;
}
