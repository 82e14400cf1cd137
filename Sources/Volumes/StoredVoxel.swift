/// A number as it lies in a file: read from bits, turned into what the program works with.
protocol StoredVoxel: BitwiseCopyable {
    associatedtype Bits: FixedWidthInteger & BitwiseCopyable
    init(bits: Bits)
    var float: Float { get }
    var double: Double { get }
}

extension StoredVoxel where Self: FixedWidthInteger {
    var float: Float { Float(self) }
    var double: Double { Double(self) }
}

extension UInt8: StoredVoxel { init(bits: UInt8) { self = bits } }
extension Int8: StoredVoxel { init(bits: Int8) { self = bits } }
extension UInt16: StoredVoxel { init(bits: UInt16) { self = bits } }
extension Int16: StoredVoxel { init(bits: Int16) { self = bits } }
extension UInt32: StoredVoxel { init(bits: UInt32) { self = bits } }
extension Int32: StoredVoxel { init(bits: Int32) { self = bits } }
extension UInt64: StoredVoxel { init(bits: UInt64) { self = bits } }
extension Int64: StoredVoxel { init(bits: Int64) { self = bits } }
extension Float: StoredVoxel {
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var float: Float { self }
    var double: Double { Double(self) }
}
extension Double: StoredVoxel {
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var float: Float { Float(self) }
    var double: Double { self }
}
