package org.segmeter.format.dicom;

/** Tags of the data elements that are read or written, group in the upper and element in the lower 16 bits (DICOM PS3.6). */
final class Tag {

    static final int MEDIA_STORAGE_SOP_CLASS_UID = 0x0002_0002;
    static final int MEDIA_STORAGE_SOP_INSTANCE_UID = 0x0002_0003;
    static final int TRANSFER_SYNTAX_UID = 0x0002_0010;
    static final int IMPLEMENTATION_CLASS_UID = 0x0002_0012;
    static final int IMPLEMENTATION_VERSION_NAME = 0x0002_0013;
    static final int SOURCE_APPLICATION_ENTITY_TITLE = 0x0002_0016;
    static final int SENDING_APPLICATION_ENTITY_TITLE = 0x0002_0017;

    static final int SPECIFIC_CHARACTER_SET = 0x0008_0005;
    static final int IMAGE_TYPE = 0x0008_0008;
    static final int SOP_CLASS_UID = 0x0008_0016;
    static final int SOP_INSTANCE_UID = 0x0008_0018;
    static final int INSTANCE_CREATION_DATE = 0x0008_0012;
    static final int INSTANCE_CREATION_TIME = 0x0008_0013;
    static final int STUDY_DATE = 0x0008_0020;
    static final int SERIES_DATE = 0x0008_0021;
    static final int CONTENT_DATE = 0x0008_0023;
    static final int STUDY_TIME = 0x0008_0030;
    static final int SERIES_TIME = 0x0008_0031;
    static final int CONTENT_TIME = 0x0008_0033;
    static final int ACCESSION_NUMBER = 0x0008_0050;
    static final int MODALITY = 0x0008_0060;
    static final int MANUFACTURER = 0x0008_0070;
    static final int REFERRING_PHYSICIAN_NAME = 0x0008_0090;
    static final int CODE_VALUE = 0x0008_0100;
    static final int CODING_SCHEME_DESIGNATOR = 0x0008_0102;
    static final int CODE_MEANING = 0x0008_0104;
    static final int LONG_CODE_VALUE = 0x0008_0119;
    static final int URN_CODE_VALUE = 0x0008_0120;
    static final int STUDY_DESCRIPTION = 0x0008_1030;
    static final int SERIES_DESCRIPTION = 0x0008_103E;
    static final int MANUFACTURER_MODEL_NAME = 0x0008_1090;
    static final int REFERENCED_SERIES_SEQUENCE = 0x0008_1115;
    static final int REFERENCED_SOP_CLASS_UID = 0x0008_1150;
    static final int REFERENCED_SOP_INSTANCE_UID = 0x0008_1155;
    static final int REFERENCED_INSTANCE_SEQUENCE = 0x0008_114A;
    static final int REFERENCED_IMAGE_SEQUENCE = 0x0008_1140;
    static final int REFERENCED_SOP_SEQUENCE = 0x0008_1199;
    static final int STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE = 0x0008_1200;
    static final int SOURCE_IMAGE_SEQUENCE = 0x0008_2112;
    static final int DERIVATION_IMAGE_SEQUENCE = 0x0008_9124;
    static final int ANATOMIC_REGION_SEQUENCE = 0x0008_2218;
    static final int ANATOMIC_REGION_MODIFIER_SEQUENCE = 0x0008_2220;

    static final int PATIENT_NAME = 0x0010_0010;
    static final int PATIENT_ID = 0x0010_0020;
    static final int PATIENT_BIRTH_DATE = 0x0010_0030;
    static final int PATIENT_SEX = 0x0010_0040;

    static final int SLICE_THICKNESS = 0x0018_0050;
    static final int SPACING_BETWEEN_SLICES = 0x0018_0088;
    static final int DEVICE_SERIAL_NUMBER = 0x0018_1000;
    static final int SOFTWARE_VERSIONS = 0x0018_1020;

    static final int STUDY_INSTANCE_UID = 0x0020_000D;
    static final int SERIES_INSTANCE_UID = 0x0020_000E;
    static final int STUDY_ID = 0x0020_0010;
    static final int SERIES_NUMBER = 0x0020_0011;
    static final int INSTANCE_NUMBER = 0x0020_0013;
    static final int IMAGE_POSITION_PATIENT = 0x0020_0032;
    static final int IMAGE_ORIENTATION_PATIENT = 0x0020_0037;
    static final int FRAME_OF_REFERENCE_UID = 0x0020_0052;
    static final int POSITION_REFERENCE_INDICATOR = 0x0020_1040;
    static final int FRAME_CONTENT_SEQUENCE = 0x0020_9111;
    static final int PLANE_POSITION_SEQUENCE = 0x0020_9113;
    static final int PLANE_ORIENTATION_SEQUENCE = 0x0020_9116;
    static final int DIMENSION_INDEX_VALUES = 0x0020_9157;
    static final int DIMENSION_ORGANIZATION_UID = 0x0020_9164;
    static final int DIMENSION_INDEX_POINTER = 0x0020_9165;
    static final int FUNCTIONAL_GROUP_POINTER = 0x0020_9167;
    static final int DIMENSION_ORGANIZATION_SEQUENCE = 0x0020_9221;
    static final int DIMENSION_INDEX_SEQUENCE = 0x0020_9222;
    static final int DIMENSION_ORGANIZATION_TYPE = 0x0020_9311;
    static final int DIMENSION_DESCRIPTION_LABEL = 0x0020_9421;

    static final int SAMPLES_PER_PIXEL = 0x0028_0002;
    static final int PHOTOMETRIC_INTERPRETATION = 0x0028_0004;
    static final int NUMBER_OF_FRAMES = 0x0028_0008;
    static final int ROWS = 0x0028_0010;
    static final int COLUMNS = 0x0028_0011;
    static final int PIXEL_SPACING = 0x0028_0030;
    static final int BITS_ALLOCATED = 0x0028_0100;
    static final int BITS_STORED = 0x0028_0101;
    static final int HIGH_BIT = 0x0028_0102;
    static final int PIXEL_REPRESENTATION = 0x0028_0103;
    static final int PIXEL_PADDING_VALUE = 0x0028_0120;
    static final int WINDOW_CENTER = 0x0028_1050;
    static final int WINDOW_WIDTH = 0x0028_1051;
    static final int RESCALE_INTERCEPT = 0x0028_1052;
    static final int RESCALE_SLOPE = 0x0028_1053;
    static final int LOSSY_IMAGE_COMPRESSION = 0x0028_2110;
    static final int PIXEL_MEASURES_SEQUENCE = 0x0028_9110;
    static final int FRAME_VOI_LUT_SEQUENCE = 0x0028_9132;
    static final int PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x0028_9145;

    static final int PREDECESSOR_DOCUMENTS_SEQUENCE = 0x0040_A360;
    static final int SOURCE_INSTANCE_SEQUENCE = 0x0042_0013;

    static final int Z_OFFSET_IN_SLIDE = 0x0040_074A;

    static final int PLANE_POSITION_SLIDE_SEQUENCE = 0x0048_021A;
    static final int TOTAL_PIXEL_MATRIX_COLUMNS = 0x0048_0006;
    static final int TOTAL_PIXEL_MATRIX_ROWS = 0x0048_0007;
    static final int COLUMN_POSITION_IN_MATRIX = 0x0048_021E;
    static final int ROW_POSITION_IN_MATRIX = 0x0048_021F;
    static final int TOTAL_PIXEL_MATRIX_FOCAL_PLANES = 0x0048_0303;

    static final int SEGMENTATION_TYPE = 0x0062_0001;
    static final int SEGMENT_SEQUENCE = 0x0062_0002;
    static final int PROPERTY_CATEGORY_SEQUENCE = 0x0062_0003;
    static final int SEGMENT_NUMBER = 0x0062_0004;
    static final int SEGMENT_LABEL = 0x0062_0005;
    static final int ALGORITHM_IDENTIFICATION_SEQUENCE = 0x0062_0007;
    static final int SEGMENT_ALGORITHM_TYPE = 0x0062_0008;
    static final int SEGMENT_ALGORITHM_NAME = 0x0062_0009;
    static final int SEGMENT_IDENTIFICATION_SEQUENCE = 0x0062_000A;
    static final int REFERENCED_SEGMENT_NUMBER = 0x0062_000B;
    static final int MAXIMUM_FRACTIONAL_VALUE = 0x0062_000E;
    static final int PROPERTY_TYPE_SEQUENCE = 0x0062_000F;
    static final int SEGMENTATION_FRACTIONAL_TYPE = 0x0062_0010;
    static final int PROPERTY_TYPE_MODIFIER_SEQUENCE = 0x0062_0011;
    static final int SEGMENTS_OVERLAP = 0x0062_0013;
    static final int TRACKING_ID = 0x0062_0020;
    static final int TRACKING_UID = 0x0062_0021;

    static final int ALGORITHM_FAMILY_SEQUENCE = 0x0066_002F;
    static final int ALGORITHM_VERSION = 0x0066_0031;
    static final int ALGORITHM_NAME = 0x0066_0036;

    static final int CONTENT_LABEL = 0x0070_0080;
    static final int CONTENT_DESCRIPTION = 0x0070_0081;
    static final int CONTENT_CREATOR_NAME = 0x0070_0084;

    static final int REFERENCED_FRAME_OF_REFERENCE_SEQUENCE = 0x3006_0010;
    static final int STRUCTURE_SET_ROI_SEQUENCE = 0x3006_0020;
    static final int ROI_NUMBER = 0x3006_0022;
    static final int REFERENCED_FRAME_OF_REFERENCE_UID = 0x3006_0024;
    static final int ROI_NAME = 0x3006_0026;
    static final int ROI_GENERATION_ALGORITHM = 0x3006_0036;
    static final int ROI_CONTOUR_SEQUENCE = 0x3006_0039;
    static final int CONTOUR_SEQUENCE = 0x3006_0040;
    static final int CONTOUR_GEOMETRIC_TYPE = 0x3006_0042;
    static final int CONTOUR_OFFSET_VECTOR = 0x3006_0045;
    static final int NUMBER_OF_CONTOUR_POINTS = 0x3006_0046;
    static final int CONTOUR_DATA = 0x3006_0050;
    static final int RT_ROI_OBSERVATIONS_SEQUENCE = 0x3006_0080;
    static final int REFERENCED_ROI_NUMBER = 0x3006_0084;
    static final int RT_ROI_IDENTIFICATION_CODE_SEQUENCE = 0x3006_0086;
    static final int RT_ROI_INTERPRETED_TYPE = 0x3006_00A4;

    static final int SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x5200_9229;
    static final int PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x5200_9230;

    static final int EXTENDED_OFFSET_TABLE = 0x7FE0_0001;
    static final int EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE0_0002;
    static final int PIXEL_DATA = 0x7FE0_0010;
    static final int DIGITAL_SIGNATURES_SEQUENCE = 0xFFFA_FFFA;
    static final int TRAILING_PADDING = 0xFFFC_FFFC;

    static final int ITEM = 0xFFFE_E000;
    static final int ITEM_DELIMITER = 0xFFFE_E00D;
    static final int SEQUENCE_DELIMITER = 0xFFFE_E0DD;

    private Tag() {}

    /** For example {@code (0028,0010)}. */
    static String text(int tag) {
        return "(%04X,%04X)".formatted(tag >>> 16, tag & 0xFFFF);
    }
}
