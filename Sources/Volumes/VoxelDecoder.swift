/// Turns runs of stored voxels into floats or labels.
struct VoxelDecoder {
    let type: VoxelType
    let isSwapped: Bool
    let scaling: (slope: Double, intercept: Double)?

    /// Writes `count` floats.
    ///
    /// `raw` must hold `count` voxels of the stored type, `target` have room for `count` floats.
    func floats(_ raw: UnsafeRawPointer, count: Int, to target: UnsafeMutablePointer<Float>) {
        switch type {
        case .uint8: floats(of: UInt8.self, raw, count, target)
        case .int8: floats(of: Int8.self, raw, count, target)
        case .uint16: floats(of: UInt16.self, raw, count, target)
        case .int16: floats(of: Int16.self, raw, count, target)
        case .uint32: floats(of: UInt32.self, raw, count, target)
        case .int32: floats(of: Int32.self, raw, count, target)
        case .uint64: floats(of: UInt64.self, raw, count, target)
        case .int64: floats(of: Int64.self, raw, count, target)
        case .float32: floats(of: Float.self, raw, count, target)
        case .float64: floats(of: Double.self, raw, count, target)
        }
    }

    /// Writes labels until one is not an integer of 32 bits.
    ///
    /// `raw` must hold `count` voxels of the stored type, `target` have room for `count` labels.
    /// - Returns: index and value of the first voxel that is no label.
    func labels(
        _ raw: UnsafeRawPointer, count: Int, to target: UnsafeMutablePointer<Int32>
    ) -> (index: Int, value: Double)? {
        switch type {
        case .uint8: labels(of: UInt8.self, raw, count, target)
        case .int8: labels(of: Int8.self, raw, count, target)
        case .uint16: labels(of: UInt16.self, raw, count, target)
        case .int16: labels(of: Int16.self, raw, count, target)
        case .uint32: labels(of: UInt32.self, raw, count, target)
        case .int32: labels(of: Int32.self, raw, count, target)
        case .uint64: labels(of: UInt64.self, raw, count, target)
        case .int64: labels(of: Int64.self, raw, count, target)
        case .float32: labels(of: Float.self, raw, count, target)
        case .float64: labels(of: Double.self, raw, count, target)
        }
    }

    private func floats<Stored: StoredVoxel>(
        of type: Stored.Type, _ raw: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        if let scaling {
            for index in 0..<count {
                target[index] = Float(voxel(type, raw, index).double * scaling.slope + scaling.intercept)
            }
        } else if isSwapped {
            for index in 0..<count { target[index] = voxel(type, raw, index).float }
        } else {
            for index in 0..<count { target[index] = Stored(bits: bits(type, raw, index)).float }
        }
    }

    private func labels<Stored: StoredVoxel>(
        of type: Stored.Type, _ raw: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Int32>
    ) -> (index: Int, value: Double)? {
        for index in 0..<count {
            var value = voxel(type, raw, index).double
            if let scaling { value = value * scaling.slope + scaling.intercept }
            guard let label = Int32(exactly: value) else { return (index, value) }
            target[index] = label
        }
        return nil
    }

    @inline(__always)
    private func voxel<Stored: StoredVoxel>(_ type: Stored.Type, _ raw: UnsafeRawPointer, _ index: Int) -> Stored {
        let bits = bits(type, raw, index)
        return Stored(bits: isSwapped ? bits.byteSwapped : bits)
    }

    @inline(__always)
    private func bits<Stored: StoredVoxel>(_ type: Stored.Type, _ raw: UnsafeRawPointer, _ index: Int) -> Stored.Bits {
        raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.Bits.self)
    }
}
