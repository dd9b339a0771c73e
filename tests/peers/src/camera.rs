//! A camera as the crate `onvif-server` has it described.

use async_trait::async_trait;
use onvif_server::{DeviceInfo, DeviceService, MediaService, OnvifError};

/// What `onvif-server` serves.
#[derive(Debug, Clone)]
pub struct Camera;

#[async_trait]
impl DeviceService for Camera {
    async fn get_device_information(&self) -> Result<DeviceInfo, OnvifError> {
        Ok(DeviceInfo {
            manufacturer: "Peer & Sons".to_owned(),
            model: "P-1".to_owned(),
            firmware_version: "1.0".to_owned(),
            serial_number: "SN-1".to_owned(),
            hardware_id: "hw".to_owned(),
        })
    }
}

#[async_trait]
impl MediaService for Camera {
    async fn get_stream_uri(&self, _profile_token: &str) -> Result<String, OnvifError> {
        Ok("rtsp://127.0.0.1/none".to_owned())
    }

    async fn get_snapshot_uri(&self, _profile_token: &str) -> Result<String, OnvifError> {
        Ok("http://127.0.0.1/none".to_owned())
    }
}
