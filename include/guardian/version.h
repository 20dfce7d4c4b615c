/*
 * version: of all programs together.
 *
 * Layer: base
 */
#ifndef GUARDIAN_VERSION_H
#define GUARDIAN_VERSION_H

#define GUARDIAN_VERSION "0.1.0"

#endif
