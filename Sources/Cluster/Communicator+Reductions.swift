internal import COpenMPI

/// Small reductions whose result does not depend on an order: sums of integers, smallest and largest values.
///
/// Sums of real numbers are ``TreeSum``'s: `MPI_SUM` over floats gives other bits on other numbers of ranks.
extension Communicator {
    public func allReduceSum(_ values: [Int]) throws(MPIError) -> [Int] { try reduce(values, cmpi_sum()) }
    public func allReduceMin(_ values: [Int]) throws(MPIError) -> [Int] { try reduce(values, cmpi_minimum()) }
    public func allReduceMax(_ values: [Int]) throws(MPIError) -> [Int] { try reduce(values, cmpi_maximum()) }

    public func allReduceSum(_ value: Int) throws(MPIError) -> Int { try allReduceSum([value])[0] }
    public func allReduceMin(_ value: Int) throws(MPIError) -> Int { try allReduceMin([value])[0] }
    public func allReduceMax(_ value: Int) throws(MPIError) -> Int { try allReduceMax([value])[0] }

    /// The smallest values; NaN where any rank's is NaN.
    public func allReduceMin(_ values: [Double]) throws(MPIError) -> [Double] {
        try fold(values) { $0.isNaN ? $0 : $1.isNaN || $1 < $0 ? $1 : $0 }
    }

    /// The largest values; NaN where any rank's is NaN.
    public func allReduceMax(_ values: [Double]) throws(MPIError) -> [Double] {
        try fold(values) { $0.isNaN ? $0 : $1.isNaN || $1 > $0 ? $1 : $0 }
    }

    public func allReduceMin(_ value: Double) throws(MPIError) -> Double { try allReduceMin([value])[0] }
    public func allReduceMax(_ value: Double) throws(MPIError) -> Double { try allReduceMax([value])[0] }

    /// Standard: MPI 3.1 §5.9.6.
    private func reduce(_ values: [Int], _ operation: OpaquePointer?) throws(MPIError) -> [Int] {
        var values = values
        let count = try MPI.count(values.count, "MPI_Allreduce")
        try MPI.check("MPI_Allreduce") {
            values.withUnsafeMutableBytes {
                MPI_Allreduce(cmpi_in_place(), $0.baseAddress, count, cmpi_int64(), operation, handle)
            }
        }
        return values
    }

    /// The MPI library's own sum, in place: the yardstick of ``TreeSum``, and nothing that a training may use, because
    /// its bits depend on the number of ranks. Standard: MPI 3.1 §5.9.6.
    package func libraryAllReduceSum(_ elements: UnsafeMutableBufferPointer<Float>) throws(MPIError) {
        let count = try MPI.count(elements.count, "MPI_Allreduce")
        try MPI.check("MPI_Allreduce") {
            MPI_Allreduce(cmpi_in_place(), elements.baseAddress, count, cmpi_float(), cmpi_sum(), handle)
        }
    }

    /// The MPI operators leave NaN open, so the values are gathered and folded in rank order.
    private func fold(_ values: [Double], _ choose: (Double, Double) -> Double) throws(MPIError) -> [Double] {
        let all = try allGather(values)
        return values.indices.map { index in all.dropFirst().reduce(all[0][index]) { choose($0, $1[index]) } }
    }
}
