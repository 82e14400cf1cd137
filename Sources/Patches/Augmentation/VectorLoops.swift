/// Loops over rows of floats, eight at a time.
enum VectorLoops {
    static let width = 8

    @inline(__always) static func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always) static func store(_ value: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD8<Float>.self)
    }

    /// `values[i] = values[i] · factor + summand`.
    static func scale(_ values: UnsafeMutablePointer<Float>, count: Int, by factor: Float, adding summand: Float) {
        for index in 0..<count { values[index] = values[index] * factor + summand }
    }

    /// Sum, smallest and largest value.
    static func summary(
        of values: UnsafePointer<Float>, count: Int
    ) -> (sum: Double, minimum: Float, maximum: Float) {
        guard count > 0 else { return (0, 0, 0) }
        var sum = 0.0
        var low = SIMD8<Float>(repeating: values[0])
        var high = low
        var index = 0
        while index + width <= count {
            // Blocks short enough that single precision loses nothing that matters.
            let end = min(count - count % width, index + 2048)
            var partial = SIMD8<Float>()
            while index < end {
                let value = load(values + index)
                partial += value
                low.replace(with: value, where: value .< low)
                high.replace(with: value, where: value .> high)
                index += width
            }
            sum += Double(partial.sum())
        }
        var (minimum, maximum) = (low.min(), high.max())
        while index < count {
            sum += Double(values[index])
            minimum = min(minimum, values[index])
            maximum = max(maximum, values[index])
            index += 1
        }
        return (sum, minimum, maximum)
    }

    /// Sum of the squared distances from `center`.
    static func squaredDistances(of values: UnsafePointer<Float>, count: Int, from center: Float) -> Double {
        var sum = 0.0
        var index = 0
        while index + width <= count {
            let end = min(count - count % width, index + 2048)
            var partial = SIMD8<Float>()
            while index < end {
                let distance = load(values + index) - center
                partial += distance * distance
                index += width
            }
            sum += Double(partial.sum())
        }
        while index < count {
            let distance = Double(values[index] - center)
            sum += distance * distance
            index += 1
        }
        return sum
    }

    /// Mean and standard deviation over `count − 1`.
    static func moments(of values: UnsafePointer<Float>, count: Int, sum: Double) -> (mean: Float, deviation: Float) {
        let mean = Float(sum / Double(max(count, 1)))
        let squares = squaredDistances(of: values, count: count, from: mean)
        return (mean, Float((squares / Double(max(count - 1, 1))).squareRoot()))
    }
}
