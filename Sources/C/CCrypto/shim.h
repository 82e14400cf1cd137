// libcrypto: SHA-256.
#pragma once
#include <openssl/evp.h>
