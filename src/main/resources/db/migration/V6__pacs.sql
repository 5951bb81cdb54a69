-- Content that is needed beside the inputs of evaluations, for good, and by whom.
create table blob_use (
    sha256  text not null references blob,
    used_by text not null,
    primary key (sha256, used_by)
);

-- DICOM instances that came over DICOMweb or were made here; the bytes are in the blob store.
create table dicom_instance (
    sop_instance_uid        text primary key,
    sop_class_uid           text        not null,
    study_uid               text        not null,
    series_uid              text        not null,
    transfer_syntax_uid     text        not null,
    frame_of_reference_uid  text,
    -- Series of the images that a segmentation was made from, and segmentations that it refers to.
    referenced_series       text[]      not null default '{}',
    referenced_segmentations text[]     not null default '{}',
    -- Number, label, identity and algorithm of each segment.
    segments                jsonb       not null default '[]',
    manufacturer            text,
    model_name              text,
    series_description      text,
    content_creator         text,
    content_at              timestamp,
    -- Who sent it, as far as it is known.
    source                  text,
    sha256                  text        not null references blob,
    size_bytes              bigint      not null,
    -- The elements by which it can be found, in the DICOM JSON Model.
    attributes              jsonb       not null,
    received_at             timestamptz not null default clock_timestamp()
);
create index dicom_instance_by_study on dicom_instance (study_uid, series_uid, sop_instance_uid);
create index dicom_instance_by_time on dicom_instance (received_at desc, sop_instance_uid);
create index dicom_instance_by_patient on dicom_instance ((attributes -> '00100020' -> 'Value' ->> 0));
create index dicom_instance_by_accession on dicom_instance ((attributes -> '00080050' -> 'Value' ->> 0));
