import Documents
import Tensors
import Testing
import Volumes

@Suite struct ResamplingTests {
    private func resize(_ line: [Float], to count: Int, _ order: Interpolation) -> [Float] {
        Resampling.resize(Tensor(shape: [1, 1, line.count], scalars: line), to: [1, 1, count], order: order).scalars
    }

    @Test(
        "lines worked by hand",
        arguments: [
            (
                [0, 1, 4, 9, 16], Interpolation.cubic,
                [0, 0.227752, 1.130241, 2.890421, 5.228458, 8.565035, 13.407998, 16]
            ),
            ([0, 1, 4, 9, 16], .linear, [0, 0.4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16]),
            ([0, 1, 4, 9, 16], .nearest, [0, 0, 1, 4, 4, 9, 16, 16]),
            ([0, 1, 4, 9, 16, 25, 36, 49], .cubic, [0.137585, 3.606785, 12.226896, 25.950002, 46.084485]),
            ([0, 1], .cubic, [0, 0.073646, 0.5, 0.926354, 1]),
            ([0, 1, 2, 3, 4, 5, 6], .nearest, [1, 3, 5]), ([0, 1, 2, 3], .nearest, [1, 3]),
            ([0, 1, 2, 3, 4, 5], .nearest, [0, 2, 3, 5]), ([0, 1, 2], .nearest, [0, 0, 1, 1, 1, 2, 2]),
        ] as [([Float], Interpolation, [Float])])
    func lines(line: [Float], order: Interpolation, expected: [Float]) {
        let result = resize(line, to: expected.count, order)
        for (value, wanted) in zip(result, expected) { #expect(abs(value - wanted) <= 2e-6, "\(result)") }
        // The same line along the other axes.
        for shape in [[1, line.count, 1], [line.count, 1, 1]] {
            let turned = Resampling.resize(
                Tensor(shape: shape, scalars: line), to: shape.map { $0 == 1 ? 1 : expected.count }, order: order)
            #expect(turned.scalars == result)
        }
    }

    /// Results are rounded to float after every axis (2^-24 each, amplified at most 3 times by a cubic spline).
    private static let tolerance = 6e-7

    @Test("resize agrees with scikit-image") func resizeFixture() throws {
        for entry in try Fixture("resampling.json").entries("resized").enumerated() {
            let (index, entry) = entry
            let shape = try entry.integers("shape")
            let order = try #require(Interpolation(rawValue: entry.integer("order")))
            let result = Resampling.resize(
                Formulas.noise(shape, seed: index), to: try entry.integers("newShape"), order: order)
            try expectSummary(result.scalars, entry, tolerance: Self.tolerance, "entry \(index)")
        }
    }

    @Test("images are resampled as nnU-Net does") func imageFixture() throws {
        for (index, entry) in try Fixture("resampling.json").entries("resampled").enumerated() {
            let shape = try entry.integers("shape")
            let newShape = try entry.integers("newShape")
            let spacing = try entry.numbers("spacing")
            let newSpacing = try entry.numbers("newSpacing")
            #expect(Resampling.targetShape(shape, spacing: spacing, newSpacing: newSpacing) == newShape)
            let result = Resampling.resample(
                Formulas.noise([2] + shape, seed: index), to: newShape, currentSpacing: spacing,
                newSpacing: newSpacing, order: try #require(Interpolation(rawValue: entry.integer("order"))),
                orderZ: try #require(Interpolation(rawValue: entry.integer("orderZ"))),
                forceSeparateZ: entry["force"]?.bool)
            #expect(result.shape == [2] + newShape)
            try expectSummary(result.scalars, entry, tolerance: Self.tolerance, "entry \(index)")
        }
    }

    @Test("label maps are resampled as nnU-Net does, ties included") func labelFixture() throws {
        for (index, entry) in try Fixture("resampling.json").entries("labels").enumerated() {
            let labels = Formulas.labels(try entry.integers("shape"), values: try entry.integers("values"))
            let result = Resampling.resampleLabels(
                labels, to: try entry.integers("newShape"), currentSpacing: try entry.numbers("spacing"),
                newSpacing: try entry.numbers("newSpacing"),
                order: try #require(Interpolation(rawValue: entry.integer("order"))),
                orderZ: try #require(Interpolation(rawValue: entry.integer("orderZ"))),
                forceSeparateZ: entry["force"]?.bool)
            #expect(try SHA256.digest(of: result.scalars) == entry.string("sha256"), "entry \(index)")
        }
    }

    @Test(
        "the coarsest axis stands apart beyond a ratio of three",
        arguments: [
            ([1, 1, 1], [1, 1, 1], nil, nil), ([3, 1, 1], [1, 1, 1], nil, nil), ([3.1, 1, 1], [1, 1, 1], nil, 0),
            ([1, 1, 1], [1, 4, 1], nil, 1), ([4, 4, 1], [1, 1, 1], nil, nil),
            ([0.24, 1.25, 1.25], [9, 1, 1], nil, nil),
            ([1, 1, 2], [1, 1, 1], true, 2), ([5, 1, 1], [1, 1, 1], false, nil), ([1, 1, 1], [5, 1, 1], true, nil),
            ([5, 1, 1], [1, 1, 5], nil, 0),
        ] as [([Double], [Double], Bool?, Int?)])
    func separateAxis(current: [Double], new: [Double], force: Bool?, expected: Int?) {
        #expect(
            Resampling.separateAxis(currentSpacing: current, newSpacing: new, forceSeparateZ: force) == expected)
    }

    @Test("target shapes round ties to even") func targetShape() {
        #expect(
            Resampling.targetShape([5, 7, 9], spacing: [0.5, 0.5, 1], newSpacing: [1, 1, 2]) == [2, 4, 4])
    }

    @Test("an equal shape comes back untouched") func identity() {
        let image = Formulas.noise([2, 3, 4, 5])
        let result = Resampling.resample(
            image, to: [3, 4, 5], currentSpacing: [9, 1, 1], newSpacing: [1, 1, 1], order: .cubic)
        #expect(result == image)
    }

    @Test("slices of a plan are those of the whole") func slices() {
        let plan = ResamplingPlan(
            from: [5, 6, 7], to: [11, 9, 4], currentSpacing: [4, 1, 1], newSpacing: [2, 1, 1], order: .linear)
        let image = Formulas.noise(plan.inputCount)
        var whole = [Float](repeating: 0, count: plan.outputCount)
        plan.resample(image, into: &whole)
        var part = [Float](repeating: 0, count: 3 * 9 * 4)
        plan.resample(image, slices: 4..<7, into: &part)
        #expect(plan.isSliceable && part == Array(whole[4 * 36..<7 * 36]))
    }

    @Test("a cubic spline stays inside the range of the image, of each slice where these stand apart")
    func clipping() {
        var image = Formulas.noise([1, 4, 9, 9])
        for index in 0..<81 { image.scalars[81 + index] += 100 }
        let whole = Resampling.resample(
            image, to: [4, 20, 20], currentSpacing: [1, 1, 1], newSpacing: [1, 1, 1], order: .cubic)
        #expect(whole.scalars.max() == image.scalars.max() && whole.scalars.min() == image.scalars.min())
        let apart = Resampling.resample(
            image, to: [4, 20, 20], currentSpacing: [5, 1, 1], newSpacing: [1, 1, 1], order: .cubic)
        #expect(apart.scalars[..<400].max()! <= image.scalars[..<81].max()!)
    }
}
