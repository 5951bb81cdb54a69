package org.segmeter.dimse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.dcm4che3.data.Tag;
import org.dcm4che3.io.DicomInputStream;
import org.dcm4che3.net.ApplicationEntity;
import org.dcm4che3.net.Association;
import org.dcm4che3.net.Connection;
import org.dcm4che3.net.Device;
import org.dcm4che3.net.DimseRSP;
import org.dcm4che3.net.IncompatibleConnectionException;
import org.dcm4che3.net.InputStreamDataWriter;
import org.dcm4che3.net.NoPresentationContextException;
import org.dcm4che3.net.Priority;
import org.dcm4che3.net.Status;
import org.dcm4che3.net.pdu.AAssociateRJ;
import org.dcm4che3.net.pdu.AAssociateRQ;
import org.dcm4che3.net.pdu.PresentationContext;
import org.segmeter.database.StartRefused;
import org.segmeter.pacs.DeliveryAnswer;
import org.segmeter.pacs.DimseNode;
import org.segmeter.pacs.DimseSender;
import org.segmeter.pacs.StoreOutcome;
import org.segmeter.pacs.StoredInstance;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.stereotype.Component;

/** C-STORE as a user: one association for each instance, in the transfer syntax in which it is stored. */
@Component
final class StoreUser implements DimseSender {

    private final SslBundles bundles;

    StoreUser(SslBundles bundles) {
        this.bundles = bundles;
    }

    @Override
    public DeliveryAnswer store(DimseNode node, Path file, StoredInstance instance) throws InterruptedException {
        Device device = new Device("segmeter");
        Connection local = new Connection();
        local.setConnectTimeout(millis(node.connectTimeout()));
        local.setAcceptTimeout(millis(node.connectTimeout()));
        local.setResponseTimeout(millis(node.timeout()));
        local.setStoreTimeout(millis(node.timeout()));
        local.setReleaseTimeout(millis(node.connectTimeout()));
        Connection remote = new Connection("node", node.host(), node.port());
        ApplicationEntity entity = new ApplicationEntity(node.callingAeTitle());
        device.addConnection(local);
        device.addApplicationEntity(entity);
        entity.addConnection(local);
        AAssociateRQ request = new AAssociateRQ();
        request.setCalledAET(node.aeTitle());
        request.setCallingAET(node.callingAeTitle());
        request.addPresentationContext(
                new PresentationContext(1, instance.sopClassUid(), instance.transferSyntaxUid()));
        try (ExecutorService work = Executors.newVirtualThreadPerTaskExecutor();
                ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().factory())) {
            device.setExecutor(work);
            device.setScheduledExecutor(timers);
            try {
                if (node.tlsBundle() != null) {
                    Tls.apply(bundles, node.tlsBundle(), device, local, remote);
                }
                return store(entity, local, remote, request, file, instance);
            } finally {
                timers.shutdownNow();
            }
        } catch (StartRefused e) {
            return new DeliveryAnswer.NotNow(String.valueOf(e.getMessage()));
        }
    }

    private static DeliveryAnswer store(
            ApplicationEntity entity,
            Connection local,
            Connection remote,
            AAssociateRQ request,
            Path file,
            StoredInstance instance)
            throws InterruptedException {
        Association association;
        try {
            association = entity.connect(local, remote, request);
        } catch (AAssociateRJ e) {
            return new DeliveryAnswer.NotNow("the association was rejected, reason " + e.getReason());
        } catch (IOException | GeneralSecurityException | IncompatibleConnectionException e) {
            return new DeliveryAnswer.NotNow("no association (" + e.getClass().getSimpleName() + ")");
        }
        try {
            DimseRSP answer;
            try (InputStream whole = Files.newInputStream(file);
                    DicomInputStream dataset = new DicomInputStream(whole)) {
                dataset.readFileMetaInformation();
                answer = association.cstore(
                        instance.sopClassUid(),
                        instance.sopInstanceUid(),
                        Priority.NORMAL,
                        new InputStreamDataWriter(dataset),
                        instance.transferSyntaxUid());
                answer.next();
            }
            return verdict(answer.getCommand().getInt(Tag.Status, -1));
        } catch (NoPresentationContextException e) {
            return new DeliveryAnswer.Refused("SOP class or transfer syntax not accepted");
        } catch (IOException e) {
            return new DeliveryAnswer.NotNow("no answer (" + e.getClass().getSimpleName() + ")");
        } finally {
            try {
                association.release();
            } catch (IOException e) {
                association.abort();
            }
        }
    }

    /** PS3.7 annex C and PS3.4 table B.2-1: warnings are stored; a lack of resources may pass. */
    private static DeliveryAnswer verdict(int status) {
        String reason = "status %04X".formatted(status);
        if (status == Status.Success
                || status >>> 8 == 0xB0
                || status == StoreOutcome.Reason.DUPLICATE_SOP_INSTANCE.code()) {
            return new DeliveryAnswer.Taken();
        }
        return status >>> 8 == 0xA7 || status == StoreOutcome.Reason.PROCESSING_FAILURE.code()
                ? new DeliveryAnswer.NotNow(reason)
                : new DeliveryAnswer.Refused(reason);
    }

    private static int millis(java.time.Duration duration) {
        return (int) Math.min(Integer.MAX_VALUE, duration.toMillis());
    }
}
