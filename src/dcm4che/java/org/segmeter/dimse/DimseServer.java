package org.segmeter.dimse;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dcm4che3.data.Attributes;
import org.dcm4che3.data.Tag;
import org.dcm4che3.data.UID;
import org.dcm4che3.data.VR;
import org.dcm4che3.io.DicomOutputStream;
import org.dcm4che3.net.ApplicationEntity;
import org.dcm4che3.net.Association;
import org.dcm4che3.net.Connection;
import org.dcm4che3.net.Device;
import org.dcm4che3.net.PDVInputStream;
import org.dcm4che3.net.Status;
import org.dcm4che3.net.TransferCapability;
import org.dcm4che3.net.pdu.PresentationContext;
import org.dcm4che3.net.service.BasicCEchoSCP;
import org.dcm4che3.net.service.BasicCStoreSCP;
import org.dcm4che3.net.service.DicomServiceException;
import org.dcm4che3.net.service.DicomServiceRegistry;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.StartRefused;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.pacs.Reception;
import org.segmeter.pacs.StoreOutcome;
import org.segmeter.security.Transfers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Takes segmentations by C-STORE and answers C-ECHO, if a port is configured. */
@Component
final class DimseServer implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(DimseServer.class);
    private static final int IDLE_MILLIS = 60_000;
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final DimseSettings settings;
    private final SslBundles bundles;
    private final Reception reception;
    private final BlobStore store;
    private final DiskFloor disk;
    private final Transfers transfers;
    private @Nullable Running running;

    DimseServer(
            DimseSettings settings,
            SslBundles bundles,
            Reception reception,
            BlobStore store,
            DiskFloor disk,
            Transfers transfers) {
        this.disk = disk;
        this.transfers = transfers;
        this.settings = settings;
        this.bundles = bundles;
        this.reception = reception;
        this.store = store;
    }

    private record Running(Device device, ExecutorService work, ScheduledExecutorService timers) {}

    @Override
    public synchronized void start() {
        Integer port = settings.port();
        if (port == null || running != null) {
            return;
        }
        Device device = new Device("segmeter");
        Connection connection = new Connection("dimse", settings.address(), port);
        connection.setBindAddress(settings.address());
        connection.setIdleTimeout(IDLE_MILLIS);
        connection.setRequestTimeout(IDLE_MILLIS);
        connection.setReleaseTimeout(IDLE_MILLIS);
        ApplicationEntity entity = new ApplicationEntity(settings.aeTitle());
        entity.setAssociationAcceptor(true);
        entity.setAssociationInitiator(false);
        entity.setAcceptedCallingAETitles(settings.callers().toArray(String[]::new));
        for (String sopClass : new String[] {DicomInstance.SEGMENTATION, DicomInstance.LABEL_MAP}) {
            // Which of them can be decoded the reader knows, and says so with a status.
            entity.addTransferCapability(new TransferCapability(null, sopClass, TransferCapability.Role.SCP, "*"));
        }
        entity.addTransferCapability(new TransferCapability(
                null,
                UID.Verification,
                TransferCapability.Role.SCP,
                UID.ImplicitVRLittleEndian,
                UID.ExplicitVRLittleEndian));
        device.addConnection(connection);
        device.addApplicationEntity(entity);
        entity.addConnection(connection);
        device.setLimitOpenAssociations(settings.maxAssociations());
        DicomServiceRegistry services = new DicomServiceRegistry();
        services.addDicomService(new BasicCEchoSCP());
        services.addDicomService(new Storage());
        device.setDimseRQHandler(services);
        if (settings.tlsBundle() != null) {
            Tls.apply(bundles, settings.tlsBundle(), device, connection);
        }
        ExecutorService work = Executors.newVirtualThreadPerTaskExecutor();
        ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("dimse-timers").factory());
        device.setExecutor(work);
        device.setScheduledExecutor(timers);
        try {
            device.bindConnections();
        } catch (IOException | GeneralSecurityException e) {
            work.shutdownNow();
            timers.shutdownNow();
            throw new StartRefused("DIMSE cannot listen on %s:%d (segmeter.dimse.port): %s"
                    .formatted(settings.address(), port, e.getMessage()));
        }
        running = new Running(device, work, timers);
        log.info(
                "DIMSE listens on {}:{} as {}{}",
                settings.address(),
                port,
                settings.aeTitle(),
                settings.tlsBundle() == null ? "" : " with TLS");
    }

    @Override
    public synchronized void stop() {
        Running now = running;
        if (now != null) {
            running = null;
            now.device().unbindConnections();
            now.work().shutdown(); // what is being received may come to its end
            try {
                if (!now.work().awaitTermination(DRAIN.toSeconds(), TimeUnit.SECONDS)) {
                    now.work().shutdownNow();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                now.work().shutdownNow();
            }
            now.timers().shutdownNow();
        }
    }

    @Override
    public boolean isRunning() {
        return running != null;
    }

    /** An instance is written as a Part 10 file as it arrives, and judged like one that came by STOW-RS. */
    private final class Storage extends BasicCStoreSCP {

        Storage() {
            super(DicomInstance.SEGMENTATION, DicomInstance.LABEL_MAP);
        }

        @Override
        protected void store(
                Association association,
                PresentationContext context,
                Attributes request,
                PDVInputStream data,
                Attributes answer)
                throws IOException {
            String sopClass = request.getString(Tag.AffectedSOPClassUID);
            String sop = request.getString(Tag.AffectedSOPInstanceUID);
            String syntax = context.getTransferSyntax();
            try {
                disk.check();
            } catch (DiskFloor.Full e) {
                throw new DicomServiceException(
                        StoreOutcome.Reason.OUT_OF_RESOURCES.code(), "There is no room for the instance.");
            }
            Attributes meta = association.createFileMetaInformation(sop, sopClass, syntax);
            meta.setString(Tag.SourceApplicationEntityTitle, VR.AE, association.getCallingAET());
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            try (DicomOutputStream out = new DicomOutputStream(head, UID.ExplicitVRLittleEndian)) {
                out.writeFileMetaInformation(meta);
            }
            // Who may call by DIMSE is of the configuration, which is the installation's own tenant's.
            try (Tenant.Binding ignored = Tenant.bind(Tenant.DEFAULT);
                    InputStream file = new SequenceInputStream(new ByteArrayInputStream(head.toByteArray()), data);
                    BlobStore.Incoming received =
                            store.receive(file, settings.maxSize().toBytes())) {
                StoreOutcome outcome = reception.receive(received, null, association.getCallingAET());
                transfers.received(
                        association.getCallingAET(),
                        association.getSocket().getInetAddress().getHostAddress(),
                        "C-STORE",
                        sop,
                        outcome instanceof StoreOutcome.Refused refused
                                ? refused.reason().code()
                                : Status.Success);
                switch (outcome) {
                    case StoreOutcome.Stored stored -> {
                        boolean same = stored.instance().sopInstanceUid().equals(sop)
                                && stored.instance().sopClassUid().equals(sopClass);
                        answer.setInt(
                                Tag.Status,
                                VR.US,
                                stored.warning() != null
                                        ? stored.warning().code()
                                        : same ? Status.Success : StoreOutcome.Reason.STORED_WITH_MISMATCH.code());
                    }
                    case StoreOutcome.Refused refused ->
                        throw new DicomServiceException(refused.reason().code(), comment(refused.comment()));
                }
            } catch (BlobStore.TooLarge e) {
                throw new DicomServiceException(
                        StoreOutcome.Reason.OUT_OF_RESOURCES.code(), "larger than segmeter.dimse.max-size");
            }
        }

        /** Error Comment is an LO. */
        private static String comment(String text) {
            String plain = text.replaceAll("[^ -\\[\\]-~]", "?");
            return plain.length() > 64 ? plain.substring(0, 64) : plain;
        }
    }
}
