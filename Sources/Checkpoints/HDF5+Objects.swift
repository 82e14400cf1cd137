internal import CHDF5

/// The few HDF5 objects that a checkpoint is made of. All inside ``HDF5/locked(_:)``.
extension HDF5 {
    static func openFile(_ path: String, forWriting: Bool = false) throws(HDF5Error) -> HDF5Handle {
        let mode = forWriting ? chdf5_read_write() : chdf5_read_only()
        return try handle("H5Fopen", path, H5Fopen(path, mode, chdf5_defaults()), H5Fclose)
    }

    /// Opens a file on all ranks at once through MPI-IO, for writing.
    ///
    /// - Collective: every rank of the communicator.
    static func openFile(_ path: String, ranks fortranCommunicator: Int32) throws(HDF5Error) -> HDF5Handle {
        let access = try properties(chdf5_file_access())
        try check("H5Pset_fapl_mpio", path, chdf5_use_ranks(access.id, fortranCommunicator))
        return try handle("H5Fopen", path, H5Fopen(path, chdf5_read_write(), access.id), H5Fclose)
    }

    /// A new file with a user block of `userBlock` bytes in front.
    static func createFile(_ path: String, userBlock: Int) throws(HDF5Error) -> HDF5Handle {
        let creation = try properties(chdf5_file_creation())
        try check("H5Pset_userblock", path, H5Pset_userblock(creation.id, hsize_t(userBlock)))
        try check("H5Pset_obj_track_times", path, H5Pset_obj_track_times(creation.id, false))
        return try handle(
            "H5Fcreate", path, H5Fcreate(path, chdf5_truncate(), creation.id, chdf5_defaults()), H5Fclose)
    }

    static func createGroup(_ path: String, in file: borrowing HDF5Handle) throws(HDF5Error) {
        let creation = try properties(chdf5_group_creation())
        try check("H5Pset_obj_track_times", path, H5Pset_obj_track_times(creation.id, false))
        let group = try handle(
            "H5Gcreate", path, H5Gcreate2(file.id, path, chdf5_defaults(), creation.id, chdf5_defaults()), H5Gclose)
        _ = consume group
    }

    enum Element {
        case float, byte

        fileprivate var stored: hid_t { self == .float ? chdf5_file_float() : chdf5_file_byte() }
        fileprivate var native: hid_t { self == .float ? chdf5_native_float() : chdf5_native_byte() }
    }

    /// A dataset whose room in the file is taken at once; its content is open until it is written.
    static func createDataset(
        _ path: String, in file: borrowing HDF5Handle, _ element: Element, shape: [Int]
    ) throws(HDF5Error) -> HDF5Handle {
        let creation = try properties(chdf5_dataset_creation())
        try check("H5Pset_alloc_time", path, H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_EARLY))
        try check("H5Pset_fill_time", path, H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER))
        try check("H5Pset_obj_track_times", path, H5Pset_obj_track_times(creation.id, false))
        let space = try dataspace(shape, path)
        return try handle(
            "H5Dcreate", path,
            H5Dcreate2(file.id, path, element.stored, space.id, chdf5_defaults(), creation.id, chdf5_defaults()),
            H5Dclose)
    }

    static func openDataset(_ path: String, in file: borrowing HDF5Handle) throws(HDF5Error) -> HDF5Handle {
        try handle("H5Dopen", path, H5Dopen2(file.id, path, chdf5_defaults()), H5Dclose)
    }

    /// Writes a whole dataset from this process.
    static func write(
        _ dataset: borrowing HDF5Handle, _ path: String, _ element: Element, _ values: UnsafeRawPointer
    ) throws(HDF5Error) {
        try check(
            "H5Dwrite", path,
            H5Dwrite(dataset.id, element.native, chdf5_whole(), chdf5_whole(), chdf5_defaults(), values))
    }

    /// Writes the rows `rows` (first axis) of a dataset; the other ranks write theirs in the same call.
    ///
    /// - Parameter values: the whole tensor, of which only the rows are read.
    /// - Collective: every rank that has opened the file; also one without rows.
    static func writeTogether(
        _ dataset: hid_t, _ path: String, shape: [Int], rows: Range<Int>,
        _ transfer: borrowing HDF5Handle, _ values: UnsafePointer<Float>
    ) throws(HDF5Error) {
        let file = try dataspace(shape, path)
        let rowSize = shape.dropFirst().reduce(1, *)
        let memory = try dataspace([max(1, rows.count * rowSize)], path)
        if rows.isEmpty {
            try check("H5Sselect_none", path, H5Sselect_none(file.id))
            try check("H5Sselect_none", path, H5Sselect_none(memory.id))
        } else {
            var start = shape.map { _ in hsize_t(0) }
            var count = shape.map { hsize_t($0) }
            start[0] = hsize_t(rows.lowerBound)
            count[0] = hsize_t(rows.count)
            try check("H5Sselect_hyperslab", path, H5Sselect_hyperslab(file.id, H5S_SELECT_SET, start, nil, count, nil))
        }
        try check(
            "H5Dwrite", path,
            H5Dwrite(
                dataset, chdf5_native_float(), memory.id, file.id, transfer.id, values + rows.lowerBound * rowSize))
    }

    /// The way of writing in which all ranks take part in every call.
    static func collectiveTransfer() throws(HDF5Error) -> HDF5Handle {
        let transfer = try properties(chdf5_transfer())
        try check("H5Pset_dxpl_mpio", "the transfer", chdf5_write_together(transfer.id))
        return transfer
    }

    /// The shape of a dataset.
    static func shape(of dataset: borrowing HDF5Handle, _ path: String) throws(HDF5Error) -> [Int] {
        let space = try handle("H5Dget_space", path, H5Dget_space(dataset.id), H5Sclose)
        let axisCount = H5Sget_simple_extent_ndims(space.id)
        try check("H5Sget_simple_extent_ndims", path, axisCount)
        var shape = [hsize_t](repeating: 0, count: Int(axisCount))
        try check("H5Sget_simple_extent_dims", path, H5Sget_simple_extent_dims(space.id, &shape, nil))
        return shape.map { Int(clamping: $0) }
    }

    /// Reads a whole dataset. The caller has compared its shape with the room at `target`.
    static func read(
        _ dataset: borrowing HDF5Handle, _ path: String, _ element: Element, into target: UnsafeMutableRawPointer
    ) throws(HDF5Error) {
        try check(
            "H5Dread", path, H5Dread(dataset.id, element.native, chdf5_whole(), chdf5_whole(), chdf5_defaults(), target)
        )
    }

    private static func properties(_ kind: hid_t) throws(HDF5Error) -> HDF5Handle {
        try handle("H5Pcreate", "a property list", H5Pcreate(kind), H5Pclose)
    }

    private static func dataspace(_ shape: [Int], _ subject: String) throws(HDF5Error) -> HDF5Handle {
        let sizes = shape.map { hsize_t($0) }
        return try handle("H5Screate_simple", subject, H5Screate_simple(Int32(sizes.count), sizes, nil), H5Sclose)
    }
}

/// Attributes: single integers and short texts.
extension HDF5 {
    static func writeAttribute(_ name: String, _ value: Int, on object: borrowing HDF5Handle) throws(HDF5Error) {
        var value = Int64(value)
        try writeAttribute(name, chdf5_file_integer(), chdf5_native_integer(), &value, on: object)
    }

    static func writeAttribute(_ name: String, _ text: String, on object: borrowing HDF5Handle) throws(HDF5Error) {
        let bytes = Array(text.utf8)
        let type = try handle("H5Tcopy", name, chdf5_text(max(1, bytes.count)), H5Tclose)
        try writeAttribute(name, type.id, type.id, bytes + [0], on: object)
    }

    private static func writeAttribute(
        _ name: String, _ stored: hid_t, _ native: hid_t, _ value: UnsafeRawPointer, on object: borrowing HDF5Handle
    ) throws(HDF5Error) {
        let space = try handle("H5Screate", name, H5Screate(H5S_SCALAR), H5Sclose)
        let attribute = try handle(
            "H5Acreate", name, H5Acreate2(object.id, name, stored, space.id, chdf5_defaults(), chdf5_defaults()),
            H5Aclose)
        try check("H5Awrite", name, H5Awrite(attribute.id, native, value))
    }

    /// A text attribute, e.g. the 64 digits of a digest; nil when it is missing or of another kind.
    static func readText(_ name: String, of object: borrowing HDF5Handle) throws(HDF5Error) -> String? {
        guard H5Aexists(object.id, name) > 0 else { return nil }
        let attribute = try handle("H5Aopen", name, H5Aopen(object.id, name, chdf5_defaults()), H5Aclose)
        let type = try handle("H5Aget_type", name, H5Aget_type(attribute.id), H5Tclose)
        let length = H5Tget_size(type.id)
        guard H5Tget_class(type.id) == H5T_STRING, H5Tis_variable_str(type.id) == 0, length > 0, length < 1 << 16 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: length + 1)
        try check("H5Aread", name, H5Aread(attribute.id, type.id, &bytes))
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
