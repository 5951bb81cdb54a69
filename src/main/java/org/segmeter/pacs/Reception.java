package org.segmeter.pacs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Reasons;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/** Decides what is kept of the instances that arrive, and keeps it. */
@Component
public final class Reception {

    private static final Logger log = LoggerFactory.getLogger(Reception.class);

    private final InstanceRows instances;
    private final KeptContent content;
    private final Pairing pairing;
    private final Evaluations evaluations;
    private final Erasures erasures;

    Reception(
            InstanceRows instances, KeptContent content, Pairing pairing, Evaluations evaluations, Erasures erasures) {
        this.erasures = erasures;
        this.instances = instances;
        this.content = content;
        this.pairing = pairing;
        this.evaluations = evaluations;
    }

    /**
     * Keeps an instance. When this returns that it was stored, its bytes, its row and what follows from it are committed.
     *
     * @param received the bytes, complete
     * @param studyUid the study that the request names; null if it names none
     * @param sender who sent it, as far as the request says; null if it does not
     */
    public StoreOutcome receive(BlobStore.Incoming received, @Nullable String studyUid, @Nullable String sender) {
        Checked checked;
        try {
            checked = check(received.content(), studyUid);
        } catch (IOException e) {
            log.warn("a received instance could not be read back: {}", Reasons.describe(e));
            return new StoreOutcome.Refused(
                    null,
                    null,
                    StoreOutcome.Reason.PROCESSING_FAILURE,
                    "The instance could not be read back from disk.");
        }
        if (checked.refusal != null) {
            return known(checked.refusal, received);
        }
        DicomInstance instance = checked.accepted();
        try {
            StoreOutcome outcome = content.keep(
                    received.blob(),
                    received::keep,
                    "dicom:" + instance.sopInstanceUid(),
                    () -> store(instance, received, sender, checked));
            evaluations.wake();
            return outcome;
        } catch (IOException e) {
            log.warn("a received instance could not be kept: {}", Reasons.describe(e));
            return refused(instance, StoreOutcome.Reason.OUT_OF_RESOURCES, "There is no room for the instance.");
        } catch (DataAccessException | TransactionException e) {
            log.warn("a received instance could not be entered: {}", Reasons.describe(e));
            return refused(
                    instance, StoreOutcome.Reason.PROCESSING_FAILURE, "The database does not answer; send it again.");
        }
    }

    /** A report of this service that comes back from the PACS is no object of an unsupported kind. */
    private StoreOutcome known(StoreOutcome.Refused refusal, BlobStore.Incoming received) {
        String sop = refusal.sopInstanceUid();
        if (refusal.reason() == StoreOutcome.Reason.SOP_CLASS_NOT_SUPPORTED && sop != null) {
            Optional<StoredInstance> same = instances
                    .find(sop)
                    .filter(one -> one.blob().sha256().equals(received.blob().sha256()));
            if (same.isPresent()) {
                return new StoreOutcome.Stored(same.get(), null, null, pairing.pairsOf(sop));
            }
        }
        return refusal;
    }

    private KeptContent.Use.Result<StoreOutcome> store(
            DicomInstance instance, BlobStore.Incoming received, @Nullable String sender, Checked checked) {
        if (erasures.refuses(instance.studyUid())) {
            return new KeptContent.Use.Result<>(
                    refused(
                            instance,
                            StoreOutcome.Reason.NOT_AUTHORIZED,
                            "Its study was erased on request and is not taken again."),
                    false);
        }
        String source = sender == null || sender.isBlank() ? instance.sender() : sender;
        Optional<StoredInstance> added = instances.insert(instance, received.blob(), source);
        if (added.isEmpty()) {
            StoredInstance known = instances.find(instance.sopInstanceUid()).orElseThrow();
            if (!known.blob().sha256().equals(received.blob().sha256())) {
                return new KeptContent.Use.Result<>(
                        refused(
                                instance,
                                StoreOutcome.Reason.DUPLICATE_SOP_INSTANCE,
                                "Another object of this SOP Instance UID is kept; a changed object needs a UID of its"
                                        + " own."),
                        false);
            }
            return new KeptContent.Use.Result<>(
                    new StoreOutcome.Stored(
                            known, checked.warning, checked.comment, pairing.pairsOf(known.sopInstanceUid())),
                    true);
        }
        return new KeptContent.Use.Result<>(
                new StoreOutcome.Stored(added.get(), checked.warning, checked.comment, pairing.arrived(added.get())),
                true);
    }

    /** Either a refusal or an instance, which may have a warning. */
    private record Checked(
            @Nullable DicomInstance instance,
            StoreOutcome.@Nullable Refused refusal,
            StoreOutcome.@Nullable Reason warning,
            @Nullable String comment) {

        static Checked refused(StoreOutcome.Refused refusal) {
            return new Checked(null, refusal, null, null);
        }

        DicomInstance accepted() {
            if (instance == null) {
                throw new IllegalStateException("was refused");
            }
            return instance;
        }
    }

    private static Checked check(Path content, @Nullable String studyUid) throws IOException {
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(content, StandardOpenOption.READ)) {
            MemorySegment object = channel.size() == 0
                    ? MemorySegment.ofArray(new byte[0])
                    : channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return check(object, studyUid, ReadOptions.defaults());
        }
    }

    private static Checked check(MemorySegment object, @Nullable String studyUid, ReadOptions options) {
        DicomInstance.Name name;
        try {
            name = DicomInstance.name(object, options);
        } catch (InputException e) {
            StoreOutcome.Reason reason = e.problem() == InputProblem.UNSUPPORTED_TRANSFER_SYNTAX
                    ? StoreOutcome.Reason.TRANSFER_SYNTAX_NOT_SUPPORTED
                    : StoreOutcome.Reason.CANNOT_UNDERSTAND;
            return Checked.refused(new StoreOutcome.Refused(null, null, reason, text(e)));
        }
        String sopClass = name.sopClassUid();
        if (sopClass != null
                && !sopClass.equals(DicomInstance.SEGMENTATION)
                && !sopClass.equals(DicomInstance.LABEL_MAP)) {
            return Checked.refused(new StoreOutcome.Refused(
                    sopClass,
                    name.sopInstanceUid(),
                    StoreOutcome.Reason.SOP_CLASS_NOT_SUPPORTED,
                    "Segmentation and Label Map Segmentation objects are stored, no others."));
        }
        DicomInstance instance;
        try {
            instance = DicomInstance.read(object, options);
        } catch (InputException e) {
            return Checked.refused(new StoreOutcome.Refused(sopClass, name.sopInstanceUid(), reason(e), text(e)));
        }
        if (studyUid != null && !studyUid.equals(instance.studyUid())) {
            return Checked.refused(refused(
                    instance,
                    StoreOutcome.Reason.STUDY_MISMATCH,
                    "The instance is of another study than the one in the address."));
        }
        try {
            DicomInstance.checkSegmentation(object, options);
        } catch (InputException e) {
            return switch (e.problem()) {
                case INVALID_GEOMETRY, NO_PATIENT_GEOMETRY ->
                    new Checked(instance, null, StoreOutcome.Reason.STORED_WITH_MISMATCH, text(e));
                default -> Checked.refused(refused(instance, reason(e), text(e)));
            };
        }
        return new Checked(instance, null, null, null);
    }

    private static StoreOutcome.Reason reason(InputException e) {
        return switch (e.problem()) {
            case UNSUPPORTED_TRANSFER_SYNTAX, UNSUPPORTED_DATATYPE -> StoreOutcome.Reason.TRANSFER_SYNTAX_NOT_SUPPORTED;
            case TOO_LARGE -> StoreOutcome.Reason.OUT_OF_RESOURCES;
            case UNSUPPORTED_SOP_CLASS -> StoreOutcome.Reason.SOP_CLASS_NOT_SUPPORTED;
            case TRUNCATED, NESTING_TOO_DEEP -> StoreOutcome.Reason.CANNOT_UNDERSTAND;
            default -> StoreOutcome.Reason.DATA_SET_MISMATCH;
        };
    }

    private static StoreOutcome.Refused refused(DicomInstance instance, StoreOutcome.Reason reason, String comment) {
        return new StoreOutcome.Refused(instance.sopClassUid(), instance.sopInstanceUid(), reason, comment);
    }

    private static String text(InputException e) {
        String message = e.getMessage();
        return message == null ? e.problem().title() : message;
    }
}
