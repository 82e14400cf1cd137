import Foundation

/// A moment on the wall clock of this machine's time zone, to the microsecond.
public struct LocalTime: Sendable, Equatable {
    public var year: Int
    /// From 1.
    public var month: Int
    /// From 1.
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int
    public var microsecond: Int

    public init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.microsecond = microsecond
    }

    public static var now: LocalTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        localtime_r(&time.tv_sec, &parts)
        return LocalTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec),
            microsecond: time.tv_nsec / 1000)
    }

    /// `2026-03-07 09:05:02.000123`, as at the start of every line of nnU-Net's logs.
    public var text: String {
        "\(year)-\(Self.padded(month))-\(Self.padded(day)) \(Self.padded(hour)):\(Self.padded(minute)):"
            + "\(Self.padded(second)).\(Self.padded(microsecond, to: 6))"
    }

    /// `2026_3_7_09_05_02`, as in the names of nnU-Net's logs: month and day are not padded.
    public var fileNamePart: String {
        "\(year)_\(month)_\(day)_\(Self.padded(hour))_\(Self.padded(minute))_\(Self.padded(second))"
    }

    private static func padded(_ number: Int, to width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
