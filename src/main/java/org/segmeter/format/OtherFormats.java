package org.segmeter.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.gzip.GzipSource;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Content that is no segmentation but often sent as one: named, so that the sender knows what went wrong. */
final class OtherFormats {

    private static final int PREFIX = 1024;

    private OtherFormats() {}

    static InputException refusal(MemorySegment content) {
        if (content.byteSize() == 0) {
            return new InputException(
                    InputProblem.TRUNCATED, "The file is empty.", "0 bytes", "NIfTI or DICOM Segmentation");
        }
        if (GzipSource.isGzip(content)) {
            byte[] inside = GzipSource.prefix(content, PREFIX);
            if (inside.length == 0) {
                return new InputException(
                        InputProblem.TRUNCATED,
                        "The gzip file is empty or damaged at its beginning.",
                        "gzip without content",
                        "NIfTI in gzip");
            }
            String name = name(inside);
            return new InputException(
                    name == null ? InputProblem.UNRECOGNISED_FORMAT : InputProblem.UNSUPPORTED_FORMAT,
                    name == null
                            ? "The gzip file holds no NIfTI."
                            : "The gzip file holds " + name + ". Only NIfTI may be sent in gzip.",
                    "gzip of " + (name == null ? "unknown content" : name),
                    "NIfTI, gzip of NIfTI, or DICOM Segmentation");
        }
        String name =
                name(content.asSlice(0, Math.min(PREFIX, content.byteSize())).toArray(ValueLayout.JAVA_BYTE));
        return new InputException(
                name == null ? InputProblem.UNRECOGNISED_FORMAT : InputProblem.UNSUPPORTED_FORMAT,
                name == null
                        ? "The content is neither NIfTI nor DICOM."
                        : "The content is " + name + ", which cannot be scored.",
                name == null ? content.byteSize() + " bytes of unknown content" : name,
                "NIfTI-1, NIfTI-2 or DICOM Segmentation");
    }

    private static @Nullable String name(byte[] start) {
        String text = new String(start, StandardCharsets.ISO_8859_1);
        if (text.startsWith("DICM", 128)) {
            return "a DICOM file";
        }
        if (text.startsWith("ustar", 257)) {
            return "a tar archive";
        }
        String[][] signatures = {
            {"PK\3\4", "a zip archive"},
            {"PK\5\6", "an empty zip archive"},
            {"\u001f\u008b", "a gzip file"},
            {"NRRD", "an NRRD image"},
            {"\u0089HDF", "an HDF5 file (MINC 2 is one)"},
            {"CDF\1", "a MINC 1 (netCDF) file"},
            {"%PDF", "a PDF document"},
            {"\u0089PNG", "a PNG image"},
            {"\u00ff\u00d8\u00ff", "a JPEG image"},
            {"II*\0", "a TIFF image"},
            {"MM\0*", "a TIFF image"},
            {"\u0093NUMPY", "a NumPy array"},
            {"7z\u00bc\u00af", "a 7-Zip archive"},
            {"Rar!", "a RAR archive"},
            {"BZh", "bzip2 data"},
            {"\u00fd7zXZ", "xz data"},
            {"\u0028\u00b5\u002f\u00fd", "Zstandard data"},
            {"solid ", "an STL mesh"},
            {"# vtk", "a VTK file"},
            {"\0\0\0\1\0\0", "an MGH image"},
        };
        for (String[] signature : signatures) {
            if (text.startsWith(signature[0])) {
                return signature[1];
            }
        }
        String lower = text.stripLeading().toLowerCase(Locale.ROOT);
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
            return "an HTML page";
        }
        if (lower.startsWith("<?xml") || lower.startsWith("<vtkfile")) {
            return "an XML document";
        }
        if (lower.startsWith("{") || lower.startsWith("[")) {
            return "JSON or other text";
        }
        return lower.startsWith("objecttype") || lower.startsWith("ndims") ? "a MetaImage header" : null;
    }
}
