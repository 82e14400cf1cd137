/// What a convolution joins on a map: each link is a tap between a voxel of the input and one of the output. Taps that
/// see only padding have none.
struct VoxelLinks {
    struct Link {
        let input: Int
        let output: Int
        /// Place of the tap among those in use.
        let tap: Int
    }

    /// Taps in use, by their place in the kernel.
    private(set) var taps: [Int] = []
    /// Tap by tap, and the outputs of each in order.
    private(set) var links: [Link] = []

    init(_ shape: ConvolutionShape) {
        let (size, outer, kernel, stride) = (shape.inputSize, shape.outputSize, shape.kernel, shape.stride)
        for tap in 0..<kernel.reduce(1, *) {
            let offset = Self.place(tap, in: kernel)
            var found: [Link] = []
            for output in 0..<outer.reduce(1, *) {
                let place = Self.place(output, in: outer)
                let input = (0..<3).map { axis in
                    if shape.isTransposed {
                        place[axis] % stride[axis] == offset[axis] ? place[axis] / stride[axis] : -1
                    } else {
                        place[axis] * stride[axis] + offset[axis] - (kernel[axis] - 1) / 2
                    }
                }
                guard (0..<3).allSatisfy({ input[$0] >= 0 && input[$0] < size[$0] }) else { continue }
                found.append(
                    Link(input: (input[0] * size[1] + input[1]) * size[2] + input[2], output: output, tap: taps.count))
            }
            guard !found.isEmpty else { continue }
            taps.append(tap)
            links += found
        }
    }

    /// Place of a voxel or tap along each axis.
    static func place(_ index: Int, in size: [Int]) -> [Int] {
        [index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]]
    }
}
