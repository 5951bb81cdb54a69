package org.segmeter.volume;

/**
 * Why an input cannot be scored: stable codes, used as the last part of a problem's {@code type} URI, as a metric label and in
 * the documentation.
 */
public enum InputProblem {
    UNRECOGNISED_FORMAT("unrecognised-format", "The content is of no format that can be read"),
    UNSUPPORTED_FORMAT("unsupported-format", "The format was recognised, but it is none that can be scored"),
    UNSUPPORTED_SOP_CLASS("unsupported-sop-class", "The DICOM object is not a segmentation that can be scored"),
    UNSUPPORTED_TRANSFER_SYNTAX("unsupported-transfer-syntax", "The transfer syntax cannot be decoded"),
    UNSUPPORTED_DATATYPE("unsupported-datatype", "The voxel data type cannot be scored"),
    TRUNCATED("truncated", "The content ends before it should"),
    TRAILING_DATA("trailing-data", "The content goes on after its end"),
    CHECKSUM_MISMATCH("checksum-mismatch", "The content does not match its checksum"),
    MALFORMED_HEADER("malformed-header", "The header contradicts itself or the standard"),
    MALFORMED_DATASET("malformed-dataset", "The DICOM data set contradicts itself or the standard"),
    MALFORMED_PIXEL_DATA("malformed-pixel-data", "The pixel data does not fit its description"),
    MALFORMED_ARCHIVE("malformed-archive", "The archive cannot be read"),
    NESTING_TOO_DEEP("nesting-too-deep", "Sequences are nested too deeply"),
    SIZE_MISMATCH("size-mismatch", "Declared and actual size differ"),
    TOO_LARGE("too-large", "The input is larger than this installation accepts"),
    INVALID_GEOMETRY("invalid-geometry", "The voxels have no usable position in space"),
    NO_PATIENT_GEOMETRY("no-patient-geometry", "The image has no position in patient space"),
    NOT_A_LABEL_MAP("not-a-label-map", "The values are not labels"),
    AMBIGUOUS_DIMENSIONS("ambiguous-dimensions", "It is not clear what the fourth dimension means"),
    UNDECLARED_VALUE("undeclared-value", "A voxel has a value that the object does not declare"),
    MISSING_PART("missing-part", "A part of the input is missing"),
    GEOMETRY_MISMATCH("geometry-mismatch", "Prediction and reference do not lie on the same grid"),
    FRAME_OF_REFERENCE_MISMATCH(
            "frame-of-reference-mismatch", "Prediction and reference have different frames of reference"),
    AMBIGUOUS_SEGMENTS("ambiguous-segments", "Segments cannot be matched without doubt"),
    UNKNOWN_SEGMENT("unknown-segment", "A segment that was asked for does not exist"),
    INVALID_REQUEST("invalid-request", "The request cannot be understood");

    private final String slug;
    private final String title;

    InputProblem(String slug, String title) {
        this.slug = slug;
        this.title = title;
    }

    /** The stable code, kebab case. */
    public String slug() {
        return slug;
    }

    /** One line for people; the same for every occurrence. */
    public String title() {
        return title;
    }

    /** The HTTP status that tells it: 413 for {@link #TOO_LARGE}, else 422. */
    public int status() {
        return this == TOO_LARGE ? 413 : 422;
    }
}
