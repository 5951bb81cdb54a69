-- Every segmentation that is stored here goes to Segmeter, with the key that compose mounts.
local file = assert(io.open('/run/secrets/api-key', 'r'))
local key = file:read('*l')
file:close()

function OnStoredInstance(instanceId, tags, metadata, origin)
  if tags['Modality'] == 'SEG' then
    RestApiPost('/dicom-web/servers/segmeter/stow',
      DumpJson({
        Resources = { instanceId },
        Synchronous = false,
        HttpHeaders = { Authorization = 'Bearer ' .. key }
      }, true))
  end
end
