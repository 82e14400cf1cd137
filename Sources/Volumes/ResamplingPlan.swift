import Tensors
import Threads

/// How volumes of one shape are brought to another one: made once, used for every channel.
///
/// - Determinism: the same bits for any number of threads.
public struct ResamplingPlan: Sendable {
    /// `[D, H, W]` before and after.
    public let inputShape: [Int]
    public let outputShape: [Int]
    /// Interpolation in space, or in the planes across ``separateAxis``.
    public let order: Interpolation
    /// Interpolation along ``separateAxis``.
    public let orderZ: Interpolation
    /// The axis of thick slices that is resampled apart; absent when all axes are resampled alike.
    public let separateAxis: Int?

    /// - Parameters:
    ///   - currentSpacing: of the input, along `[D, H, W]`.
    ///   - newSpacing: of the output.
    ///   - forceSeparateZ: overrules the spacings' say on whether the axis of the coarsest current one stands apart.
    /// - Precondition: both shapes have three axes of at least one voxel.
    public init(
        from inputShape: [Int], to outputShape: [Int], currentSpacing: [Double], newSpacing: [Double],
        order: Interpolation, orderZ: Interpolation = .nearest, forceSeparateZ: Bool? = nil
    ) {
        precondition(
            inputShape.count == 3 && outputShape.count == 3 && (inputShape + outputShape).allSatisfy { $0 >= 1 },
            "a volume of shape \(inputShape) cannot become one of shape \(outputShape)")
        self.inputShape = inputShape
        self.outputShape = outputShape
        self.order = order
        self.orderZ = orderZ
        self.separateAxis = Resampling.separateAxis(
            currentSpacing: currentSpacing, newSpacing: newSpacing, forceSeparateZ: forceSeparateZ)
    }

    /// Whether nothing is to be done.
    public var isIdentity: Bool { inputShape == outputShape }
    /// Voxels of one channel.
    public var inputCount: Int { inputShape.reduce(1, *) }
    public var outputCount: Int { outputShape.reduce(1, *) }

    /// Resamples one channel.
    ///
    /// - Parameters:
    ///   - input: ``inputCount`` floats.
    ///   - output: room for ``outputCount`` floats.
    public func resample(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        if isIdentity {
            output.update(from: input, count: inputCount)
        } else if isSliceable {
            resample(input, slices: 0..<outputShape[0], into: output)
        } else {
            resampleAxisByAxis(input, into: output)
        }
    }

    /// Whether single slices of the result can be had, which needs nearest or linear interpolation on every axis.
    public var isSliceable: Bool { order != .cubic && (separateAxis == nil || orderZ != .cubic) }

    /// Taps of an axis of nearest or linear interpolation.
    func taps(_ axis: Int) -> AxisTaps {
        AxisTaps(from: inputShape[axis], to: outputShape[axis], order: axis == separateAxis ? orderZ : order)
    }

    /// Resamples slices of one channel, for results that should not lie in memory as a whole.
    ///
    /// - Parameters:
    ///   - input: ``inputCount`` floats, the whole channel.
    ///   - slices: of the output's first axis.
    ///   - output: room for `slices.count · H · W` floats.
    /// - Precondition: ``isSliceable``, and `slices` lie inside the output.
    public func resample(
        _ input: UnsafePointer<Float>, slices: Range<Int>, into output: UnsafeMutablePointer<Float>
    ) {
        precondition(isSliceable, "cubic interpolation gives no single slices")
        precondition(
            slices.lowerBound >= 0 && slices.upperBound <= outputShape[0],
            "slices \(slices) of a volume with \(outputShape[0])")
        let (depth, height, width) = (taps(0), taps(1), taps(2))
        let (inputHeight, inputWidth) = (inputShape[1], inputShape[2])
        let (outputHeight, outputWidth) = (outputShape[1], outputShape[2])
        let planeCount = inputHeight * inputWidth
        let taskCount = min(slices.count, Threads.count * 4)
        nonisolated(unsafe) let (input, output) = (input, output)

        Threads.forEach(taskCount) { task in
            // One plane interpolated along D, and one line of it along H, in double.
            let plane = UnsafeMutablePointer<Double>.allocate(capacity: planeCount + inputWidth)
            let line = plane + planeCount
            defer { plane.deallocate() }
            for slice in slices.count * task / taskCount..<slices.count * (task + 1) / taskCount {
                // Taps are indices of input voxels, so every read below lies inside `input`, `plane` or `line`.
                let d = slices.lowerBound + slice
                AxisTaps.blend(
                    input + depth.lower[d] * planeCount, input + depth.upper[d] * planeCount, depth.weight[d],
                    planeCount, plane)
                for h in 0..<outputHeight {
                    let (lower, upper) = (plane + height.lower[h] * inputWidth, plane + height.upper[h] * inputWidth)
                    AxisTaps.blend(lower, upper, height.weight[h], inputWidth, line)
                    width.sample(line, into: output + (slice * outputHeight + h) * outputWidth)
                }
            }
        }
    }

    /// Cubic interpolation: one pass per axis that changes, those that shrink it first; then the result is held inside
    /// the input's range (of each slice where slices are resampled apart), and the separate axis comes last.
    private func resampleAxisByAxis(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        var shape = inputShape
        var current = input
        var scratch: UnsafeMutablePointer<Float>?
        defer { scratch?.deallocate() }

        func pass(_ axis: Int, _ interpolation: Interpolation) {
            let view = AxisView(shape: shape, axis: axis)
            shape[axis] = outputShape[axis]
            let target =
                shape == outputShape
                ? output : UnsafeMutablePointer<Float>.allocate(capacity: shape.reduce(1, *))
            if interpolation == .cubic {
                AxisPass.cubic(current, view, to: outputShape[axis], target)
            } else {
                AxisPass.taps(
                    current, view, AxisTaps(from: view.length, to: outputShape[axis], order: interpolation), target)
            }
            scratch?.deallocate()
            scratch = shape == outputShape ? nil : target
            current = UnsafePointer(target)
        }

        let changing = (0..<3).filter { inputShape[$0] != outputShape[$0] && $0 != separateAxis }
        let growth = { (axis: Int) in Double(outputShape[axis]) / Double(inputShape[axis]) }
        for axis in changing.sorted(by: { (growth($0), $0) < (growth($1), $1) }) { pass(axis, order) }
        if order == .cubic, !changing.isEmpty {
            // `current` was written by a pass: it is `output` or scratch memory, ours in both cases.
            let target = UnsafeMutablePointer(mutating: current)
            if let separateAxis {
                let ranges = AxisPass.extrema(input, AxisView(shape: inputShape, axis: separateAxis))
                AxisPass.clip(target, AxisView(shape: shape, axis: separateAxis), to: ranges)
            } else {
                let ranges = AxisPass.extrema(input, AxisView(shape: [1, inputCount], axis: 0))
                AxisPass.clip(target, AxisView(shape: [1, outputCount], axis: 0), to: ranges)
            }
        }
        if let separateAxis, inputShape[separateAxis] != outputShape[separateAxis] { pass(separateAxis, orderZ) }
    }
}
