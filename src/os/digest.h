/*
 * digest: whether a text is the one of before, when it is too long to be kept. Private to os.
 *
 * Two words a step, multiplied and folded, as wyhash does it
 * (https://github.com/wangyi-fudan/wyhash, public domain): a change in any byte moves all bits of
 * the product. Tells a changed text, not an attack.
 */
#ifndef GUARDIAN_OS_DIGEST_H
#define GUARDIAN_OS_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t digest_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t digest(const char *text, size_t len)
{
	uint64_t sum = len ^ 0xe7037ed1a0b428dbULL, word[2];

	for (size_t at = 0; at < len; at += sizeof(word)) {
		size_t left = len - at;

		memset(word, 0, sizeof(word));
		memcpy(word, text + at, left < sizeof(word) ? left : sizeof(word));
		sum = digest_fold(word[0] ^ 0xa0761d6478bd642fULL, word[1] ^ sum);
	}
	return sum;
}

#endif
