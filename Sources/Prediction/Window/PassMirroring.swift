/// The ways to mirror a patch at inference: every subset of the allowed axes, the unmirrored patch first.
public struct PassMirroring: Sendable, Equatable {
    /// One flag per axis `[D, H, W]`.
    public let isFlipped: [Bool]

    public static let none = PassMirroring(isFlipped: [false, false, false])

    public init(isFlipped: [Bool]) { self.isFlipped = isFlipped }

    /// All `2^k` subsets of `axes`, by size.
    ///
    /// - Precondition: axes in `0 ..< 3`.
    public static func subsets(of axes: [Int]) -> [PassMirroring] {
        let axes = Set(axes).sorted()
        precondition(axes.allSatisfy { (0..<3).contains($0) }, "mirror axes \(axes) of a volume with axes 0, 1, 2")
        return (0..<1 << axes.count)
            .sorted { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }
            .map { subset in
                var isFlipped = [false, false, false]
                for (bit, axis) in axes.enumerated() where subset >> bit & 1 == 1 { isFlipped[axis] = true }
                return PassMirroring(isFlipped: isFlipped)
            }
    }
}
