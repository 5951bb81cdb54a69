package org.segmeter.pacs;

import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.segmeter.format.dicom.DatasetSink;

/** The Store Instances Response Module of PS3.18 annex I. */
public final class StoreResponse {

    private static final int REFERENCED_SOP_CLASS_UID = 0x0008_1150;
    private static final int REFERENCED_SOP_INSTANCE_UID = 0x0008_1155;
    private static final int RETRIEVE_URL = 0x0008_1190;
    private static final int WARNING_REASON = 0x0008_1196;
    private static final int FAILURE_REASON = 0x0008_1197;
    private static final int FAILED_SOP_SEQUENCE = 0x0008_1198;
    private static final int REFERENCED_SOP_SEQUENCE = 0x0008_1199;
    private static final int OTHER_FAILURES_SEQUENCE = 0x0008_119A;

    private final List<StoreOutcome.Stored> stored;
    private final List<StoreOutcome.Refused> failed;
    private final List<StoreOutcome.Refused> others;
    private final UnaryOperator<String> url;

    /** @param url makes an absolute URL of a path below the DICOMweb root */
    public StoreResponse(List<? extends StoreOutcome> outcomes, UnaryOperator<String> url) {
        this.url = url;
        stored = outcomes.stream()
                .filter(StoreOutcome.Stored.class::isInstance)
                .map(StoreOutcome.Stored.class::cast)
                .toList();
        List<StoreOutcome.Refused> refused = outcomes.stream()
                .filter(StoreOutcome.Refused.class::isInstance)
                .map(StoreOutcome.Refused.class::cast)
                .toList();
        failed = refused.stream()
                .filter(one -> one.sopClassUid() != null && one.sopInstanceUid() != null)
                .toList();
        others = refused.stream()
                .filter(one -> one.sopClassUid() == null || one.sopInstanceUid() == null)
                .toList();
    }

    /** 200 if all was stored, 202 if something is to be remarked, 409 if nothing was stored (PS3.18 table 10.5.3-1). */
    public int status() {
        if (stored.isEmpty()) {
            return 409;
        }
        boolean remarks =
                !failed.isEmpty() || !others.isEmpty() || stored.stream().anyMatch(one -> one.warning() != null);
        return remarks ? 202 : 200;
    }

    /** The module. */
    public void writeTo(DatasetSink sink) throws IOException {
        List<String> studies =
                stored.stream().map(one -> one.instance().studyUid()).distinct().toList();
        sink.text(
                RETRIEVE_URL,
                "UR",
                studies.size() == 1 ? List.of(url.apply("/studies/" + studies.getFirst())) : List.of());
        if (!failed.isEmpty()) {
            sink.beginSequence(FAILED_SOP_SEQUENCE);
            for (StoreOutcome.Refused one : failed) {
                sink.beginItem();
                reference(sink, String.valueOf(one.sopClassUid()), String.valueOf(one.sopInstanceUid()));
                sink.numbers(FAILURE_REASON, "US", List.of(one.reason().code()));
                sink.endItem();
            }
            sink.endSequence();
        }
        if (!stored.isEmpty()) {
            sink.beginSequence(REFERENCED_SOP_SEQUENCE);
            for (StoreOutcome.Stored one : stored) {
                sink.beginItem();
                reference(sink, one.instance().sopClassUid(), one.instance().sopInstanceUid());
                sink.text(RETRIEVE_URL, "UR", List.of(url.apply(one.instance().path())));
                StoreOutcome.Reason warning = one.warning();
                if (warning != null) {
                    sink.numbers(WARNING_REASON, "US", List.of(warning.code()));
                }
                sink.endItem();
            }
            sink.endSequence();
        }
        if (!others.isEmpty()) {
            sink.beginSequence(OTHER_FAILURES_SEQUENCE);
            for (StoreOutcome.Refused one : others) {
                sink.beginItem();
                sink.numbers(FAILURE_REASON, "US", List.of(one.reason().code()));
                sink.endItem();
            }
            sink.endSequence();
        }
    }

    private static void reference(DatasetSink sink, String sopClass, String sopInstance) throws IOException {
        sink.text(REFERENCED_SOP_CLASS_UID, "UI", List.of(sopClass));
        sink.text(REFERENCED_SOP_INSTANCE_UID, "UI", List.of(sopInstance));
    }
}
