internal import Glibc
package import SystemPackage

// Names are bytes: what is no valid UTF-8 stays as it is.

extension FilePath {
    package var bytes: [UInt8] {
        unsafe withPlatformString { unsafe Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }

    /// nil where the bytes hold a NUL, which no path can.
    init?(bytes: [UInt8]) {
        guard !bytes.contains(0) else { return nil }
        self = unsafe (bytes + [0]).withUnsafeBytes {
            unsafe FilePath(platformString: $0.baseAddress!.assumingMemoryBound(to: CInterop.PlatformChar.self))
        }
    }
}

extension FilePath.Component {
    var bytes: [UInt8] {
        unsafe withPlatformString { unsafe Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }

    /// nil where the bytes are no name.
    init?(bytes: [UInt8]) {
        guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")), !bytes.isEmpty else { return nil }
        let component = unsafe (bytes + [0]).withUnsafeBytes {
            unsafe FilePath.Component(
                platformString: $0.baseAddress!.assumingMemoryBound(to: CInterop.PlatformChar.self))
        }
        guard let component else { return nil }
        self = component
    }
}
