internal import CCrypto

/// A running SHA-256 (FIPS 180-4).
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto offers no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "libcrypto's SHA-256 failed")
    }

    /// Ends the sum: 64 lower-case hexadecimal digits.
    public consuming func hexadecimalDigest() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let status = EVP_DigestFinal_ex(context, &digest, nil)
        precondition(status == 1, "libcrypto's SHA-256 failed")
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// The digest of one array.
    public static func digest<Scalar: BitwiseCopyable>(of elements: [Scalar]) -> String {
        var sum = SHA256()
        elements.withUnsafeBytes { sum.update($0) }
        return sum.hexadecimalDigest()
    }
}
